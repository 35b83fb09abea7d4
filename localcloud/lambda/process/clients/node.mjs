// The Lambda Runtime API client for Node.js functions of the local cloud.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import util from 'node:util';
import { pathToFileURL } from 'node:url';

const env = process.env;
const root = '/2018-06-01/runtime/';
let current = null; // the invocation that runs: { id, deliver }
let connection = null; // the one that is kept open

// connect opens a connection to the Runtime API. No HTTP library: it takes
// longer than a small handler, for each event and at the start.
function connect() {
  const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
  const socket = net.connect({ host, port, noDelay: true });
  const c = { socket, waiting: [], chunks: [], size: 0, head: null };
  socket.on('data', (chunk) => {
    c.chunks.push(chunk);
    c.size += chunk.length;
    while (takeAnswer(c));
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('close', () => {
    if (connection === c) connection = null;
    for (const w of c.waiting.splice(0)) w.reject(new Error('the Runtime API has gone'));
  });
  return c;
}

// takeAnswer hands a whole answer to who waits for it; false when it is not all there.
function takeAnswer(c) {
  if (!c.waiting.length || c.size < (c.head ? c.head.end : 1)) return false;
  const data = c.chunks.length === 1 ? c.chunks[0] : Buffer.concat(c.chunks);
  if (!c.head) {
    c.chunks = [data];
    const length = data.indexOf('\r\n\r\n');
    if (length < 0) return false;
    const lines = data.toString('latin1', 0, length).split('\r\n');
    const headers = {};
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    c.head = { headers, status: Number(lines[0].split(' ')[1]), start: length + 4, end: length + 4 + Number(headers['content-length'] || 0) };
    return true;
  }
  const { headers, status, start, end } = c.head;
  const rest = data.subarray(end);
  c.head = null;
  c.chunks = rest.length ? [rest] : [];
  c.size = rest.length;
  c.waiting.shift().resolve({ headers, status, body: data.toString('utf8', start, end) });
  if (headers.connection === 'close') c.socket.end(); // the next call opens a new one
  if (headers.connection === 'close' && connection === c) connection = null;
  if (!c.waiting.length) c.socket.unref(); // an idle connection keeps no event loop alive
  return true;
}

function call(method, url, body, errorType) {
  const data = body === undefined ? undefined : Buffer.from(body);
  let head = `${method} ${root}${url} HTTP/1.1\r\nHost: ${env.AWS_LAMBDA_RUNTIME_API}\r\n`;
  if (errorType) head += `Lambda-Runtime-Function-Error-Type: ${String(errorType).replace(/[^\x21-\x7e]/g, '_')}\r\n`;
  if (data) head += `Content-Type: application/json\r\nContent-Length: ${data.length}\r\n`;
  if (!connection) connection = connect();
  const { socket, waiting } = connection;
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    socket.ref();
    socket.cork();
    socket.write(head + '\r\n', 'latin1');
    if (data) socket.write(data);
    socket.uncork();
  });
}

// A line break inside one message is sent as a carriage return, so that the
// message stays one log event.
function print(text) {
  const line = Buffer.from(text.replace(/\r?\n/g, '\r') + '\n');
  for (let at = 0; at < line.length;) at += fs.writeSync(1, line, at);
}

for (const [name, level] of [['log', 'INFO'], ['info', 'INFO'], ['warn', 'WARN'], ['error', 'ERROR'], ['debug', 'DEBUG'], ['trace', 'TRACE']]) {
  console[name] = (...args) => {
    let text = util.format(...args);
    if (name === 'trace') text += '\n' + new Error().stack.split('\n').slice(2).join('\n');
    print(`${new Date().toISOString()}\t${current ? current.id : 'undefined'}\t${level}\t${text}`);
  };
}

function describe(error, type) {
  if (error instanceof Error || (error && typeof error === 'object' && 'message' in error && 'stack' in error)) {
    return { errorType: type || error.name || 'Error', errorMessage: String(error.message), trace: String(error.stack || '').split('\n') };
  }
  return { errorType: type || typeof error, errorMessage: typeof error === 'string' ? error : util.format(error), trace: [] };
}

function logError(title, error, told) {
  let extra = {};
  if (error && typeof error === 'object') { try { extra = JSON.parse(JSON.stringify({ ...error })); } catch { extra = {}; } }
  const { trace, ...rest } = told;
  print(`${new Date().toISOString()}\t${current ? current.id : 'undefined'}\tERROR\t${title}\t${JSON.stringify({ ...rest, ...extra, stack: trace })}`);
}

async function initFailed(error, type) {
  const told = describe(error, type);
  logError('Uncaught Exception', error, told);
  await call('POST', 'init/error', JSON.stringify(told), told.errorType);
  process.exit(1);
}

async function fatal(error, type, title) {
  const told = describe(error, type);
  logError(title, error, told);
  connection = connect(); // the other one may be waiting for an event
  try {
    if (current) await call('POST', `invocation/${current.id}/error`, JSON.stringify(told), told.errorType);
    else await call('POST', 'init/error', JSON.stringify(told), told.errorType);
  } finally {
    process.exit(129);
  }
}

process.on('uncaughtException', (error) => { fatal(error, undefined, 'Uncaught Exception'); });
process.on('unhandledRejection', (reason) => {
  const error = new Error(reason instanceof Error ? reason.toString() : util.format(reason));
  error.reason = reason;
  if (reason instanceof Error) error.stack = `Runtime.UnhandledPromiseRejection: ${reason.stack}`;
  fatal(error, 'Runtime.UnhandledPromiseRejection', 'Unhandled Promise Rejection');
});

function problem(type, message) {
  const error = new Error(message);
  error.name = type;
  error.stack = `${type}: ${message}`;
  return error;
}

async function loadHandler() {
  const spec = env._HANDLER;
  const slash = spec.lastIndexOf('/') + 1;
  const dot = spec.indexOf('.', slash);
  if (dot < 0) throw problem('Runtime.MalformedHandlerName', 'Bad handler');
  const name = spec.slice(0, dot);
  const base = path.resolve(env.LAMBDA_TASK_ROOT, name);
  if (path.relative(env.LAMBDA_TASK_ROOT, base).startsWith('..')) throw problem('Runtime.MalformedHandlerName', `'${spec}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const file = ['', '.js', '.mjs', '.cjs'].map((ext) => base + ext).find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
  if (!file) throw problem('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
  let module;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) { error.stack = `Runtime.UserCodeSyntaxError: ${error.stack}`; error.name = 'Runtime.UserCodeSyntaxError'; error.message = `SyntaxError: ${error.message}`; }
    else if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) { error.name = 'Runtime.ImportModuleError'; error.message = `Error: ${error.message}`; }
    throw error;
  }
  const steps = spec.slice(dot + 1).split('.');
  const walk = (from) => steps.reduce((at, step) => (at == null ? undefined : at[step]), from);
  const handler = walk(module) ?? walk(module.default);
  if (handler === undefined) throw problem('Runtime.HandlerNotFound', `${spec} is undefined or not exported`);
  if (typeof handler !== 'function') throw problem('Runtime.HandlerNotFound', `${spec} is not a function`);
  return handler;
}

function contextOf(headers, finish) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const client = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    clientContext: client ? JSON.parse(client) : undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done: (error, value) => finish(error, value),
    succeed: (value) => finish(null, value),
    fail: (error) => finish(error || new Error('handled'), undefined),
  };
}

// invoke gives { error } or { value }. Handlers that return a promise end with
// it; the others end with their callback once the event loop is empty, or with
// null when it is empty and nobody called back.
function invoke(handler, event, headers) {
  return new Promise((resolve) => {
    let outcome = null;
    const settle = (result) => { process.off('beforeExit', onIdle); resolve(result); };
    const onIdle = () => settle(outcome || { value: null });
    const finish = (error, value) => {
      if (outcome) return;
      outcome = error ? { error } : { value };
      if (!context.callbackWaitsForEmptyEventLoop || outcome.error) settle(outcome);
    };
    const context = contextOf(headers, (error, value) => {
      context.callbackWaitsForEmptyEventLoop = false;
      finish(error, value);
    });
    process.on('beforeExit', onIdle);
    let returned;
    try {
      returned = handler(event, context, finish);
    } catch (error) {
      settle({ error });
      return;
    }
    if (returned && typeof returned.then === 'function') {
      returned.then((value) => settle({ value }), (error) => settle({ error }));
    }
  });
}

async function serve(handler) {
  let coming = call('GET', 'invocation/next');
  for (;;) {
    const next = await coming;
    if (next.status !== 200) throw new Error(`the Runtime API answered ${next.status}`);
    const id = next.headers['lambda-runtime-aws-request-id'];
    current = { id };
    if (next.headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'];
    let result;
    let body;
    try {
      result = await invoke(handler, JSON.parse(next.body), next.headers);
      if (!('error' in result)) body = JSON.stringify(result.value === undefined ? null : result.value) ?? 'null';
    } catch (error) {
      result = { error };
    }
    if ('error' in result) {
      const told = describe(result.error);
      logError('Invoke Error', result.error, told);
      await call('POST', `invocation/${id}/error`, JSON.stringify(told), encodeURIComponent(told.errorType));
      coming = null;
    } else {
      const accepted = call('POST', `invocation/${id}/response`, body);
      // The next event is asked for in the same breath, unless the answer may
      // be refused as too large, which closes the connection.
      coming = body.length < 1 << 20 ? call('GET', 'invocation/next') : null;
      if (coming) coming.catch(() => {}); // when the cloud has gone, the line below says so
      await accepted;
    }
    current = null;
    coming = coming || call('GET', 'invocation/next');
  }
}

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  await initFailed(error);
}
serve(handler).catch(() => process.exit(1)); // the cloud has gone

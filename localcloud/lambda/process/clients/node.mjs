// The Lambda Runtime API client for Node.js functions of the local cloud.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import util from 'node:util';
import { pathToFileURL } from 'node:url';

const env = process.env;
const [hostname, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const root = '/2018-06-01/runtime/';
const agent = new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
let current = null; // the invocation that runs: { id, deliver }

function call(method, url, body, headers) {
  return new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : Buffer.from(body);
    const all = { ...headers };
    if (data) {
      all['Content-Type'] = 'application/json';
      all['Content-Length'] = data.length;
    }
    const request = http.request({ hostname, port, path: root + url, method, agent, headers: all }, (response) => {
      const chunks = [];
      response.on('data', (c) => chunks.push(c));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, status: response.statusCode, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(data);
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
  await call('POST', 'init/error', JSON.stringify(told), { 'Lambda-Runtime-Function-Error-Type': told.errorType });
  process.exit(1);
}

async function fatal(error, type, title) {
  const told = describe(error, type);
  logError(title, error, told);
  try {
    if (current) await call('POST', `invocation/${current.id}/error`, JSON.stringify(told), { 'Lambda-Runtime-Function-Error-Type': told.errorType });
    else await call('POST', 'init/error', JSON.stringify(told), { 'Lambda-Runtime-Function-Error-Type': told.errorType });
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
  for (;;) {
    const next = await call('GET', 'invocation/next');
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
      await call('POST', `invocation/${id}/error`, JSON.stringify(told), { 'Lambda-Runtime-Function-Error-Type': encodeURIComponent(told.errorType) });
    } else {
      await call('POST', `invocation/${id}/response`, body);
    }
    current = null;
  }
}

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  await initFailed(error);
}
serve(handler).catch(() => process.exit(1)); // the cloud has gone

# The Lambda Runtime API client for Python functions of the local cloud.
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

ROOT = "/2018-06-01/runtime/"


class Api:
    """One kept-open connection to the Runtime API, without an HTTP library: importing one costs more than a small handler."""

    def __init__(self, address):
        self.address = address
        host, port = address.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = self.sock.makefile("rb")

    def call(self, method, path, body=None, headers=()):
        lines = [method + " " + ROOT + path + " HTTP/1.1", "Host: " + self.address]
        lines += [k + ": " + v for k, v in headers]
        if body is not None:
            lines += ["Content-Type: application/json", "Content-Length: " + str(len(body))]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        try:
            self.sock.sendall(head + (body or b""))
        except OSError:
            if body is None:
                raise
            # The server may answer and close before it has read all of a body that is too large.
        status_line = self.data.readline()
        if not status_line:
            raise ConnectionError("the Runtime API has gone")
        status = int(status_line.split(b" ", 2)[1])
        found = {}
        while True:
            line = self.data.readline().strip()
            if not line:
                break
            key, _, value = line.decode("latin-1").partition(":")
            found[key.lower()] = value.strip()
        body = self.data.read(int(found.get("content-length", "0")))
        if found.get("connection", "").lower() == "close":
            self.__init__(self.address)
        return status, found, body


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    def __init__(self, values):
        self.__dict__.update({k: values.get(k) for k in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")})


class ClientContext:
    def __init__(self, values):
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = Client(values.get("client") or {})


class Context:
    def __init__(self, headers):
        env = os.environ
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.identity = Identity()
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None
        self._deadline = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class RequestIdFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = RequestIdFilter.request_id
        return True


class OneEvent(logging.Formatter):
    """A record with line breaks, such as one with a traceback, stays one log event."""

    converter = time.gmtime

    def format(self, record):
        return super().format(record).replace("\n", "\r")


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneEvent("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


def describe(error, request_id, skip=0, error_type=None):
    frames = traceback.extract_tb(error.__traceback__)[skip:]
    return {
        "errorMessage": str(error),
        "errorType": error_type or type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def print_error(told):
    text = "[ERROR] " + told["errorType"] + ": " + told["errorMessage"]
    if told["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(told["stackTrace"])
    sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")
    sys.stdout.flush()


class HandlerProblem(Exception):
    def __init__(self, error_type, message, cause=None):
        super().__init__(message)
        self.error_type = error_type
        self.cause = cause


def load_handler(name):
    if "." not in name:
        raise HandlerProblem("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    module_name, function_name = name.rsplit(".", 1)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise HandlerProblem("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, e))
    except SyntaxError as e:
        where = ['  File "%s" Line %s\n    %s' % (e.filename, e.lineno, (e.text or "").strip())]
        raise HandlerProblem("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, e), where)
    handler = getattr(module, function_name, None)
    if handler is None:
        raise HandlerProblem("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))
    return handler


def encode(value):
    def default(o):
        if type(o).__name__ == "Decimal" and type(o).__module__ == "decimal":
            return float(o)
        raise TypeError("Object of type %s is not JSON serializable" % type(o).__name__)

    return json.dumps(value, default=default).encode()


def header_safe(text):
    return "".join(c if 32 < ord(c) < 127 else "_" for c in text)


def init_failed(api, told):
    print_error(told)
    api.call("POST", "init/error", json.dumps(told).encode(), [("Lambda-Runtime-Function-Error-Type", header_safe(told["errorType"]))])
    sys.exit(1)


def run_one(api, handler):
    _, headers, body = api.call("GET", "invocation/next")
    request_id = headers["lambda-runtime-aws-request-id"]
    RequestIdFilter.request_id = request_id
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    try:
        event = json.loads(body)
    except ValueError as e:
        told = describe(e, request_id, 99, "Runtime.UnmarshalError")
        told["errorMessage"] = "Unable to unmarshal input: %s" % e
        outcome = None
    else:
        try:
            outcome, told = handler(event, Context(headers)), None
        except BaseException as e:
            if isinstance(e, SystemExit):
                raise
            told = describe(e, request_id, 1)
    if told is None:
        try:
            payload = encode(outcome)
        except Exception as e:
            told = {"errorMessage": "Unable to marshal response: %s" % e, "errorType": "Runtime.MarshalError", "requestId": request_id, "stackTrace": []}
    sys.stdout.flush()
    sys.stderr.flush()
    if told is None:
        api.call("POST", "invocation/" + request_id + "/response", payload)
    else:
        print_error(told)
        api.call("POST", "invocation/" + request_id + "/error", json.dumps(told).encode(), [("Lambda-Runtime-Function-Error-Type", header_safe(told["errorType"]))])


def main():
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = task_root  # in place of this file's own directory
    set_up_logging()
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except HandlerProblem as e:
        init_failed(api, {"errorMessage": str(e), "errorType": e.error_type, "requestId": "", "stackTrace": e.cause or []})
    except BaseException as e:
        if isinstance(e, SystemExit):
            raise
        init_failed(api, describe(e, "", 2))
    while True:
        try:
            run_one(api, handler)
        except ConnectionError:
            sys.exit(1)  # the cloud has gone


main()

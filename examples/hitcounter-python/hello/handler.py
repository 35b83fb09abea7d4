"""Answers every request with a greeting."""


def handler(event, context):
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain"},
        "body": f"Hello, Writ! You've hit {event['path']}\n",
    }

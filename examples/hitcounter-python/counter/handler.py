"""Counts each request in a table and passes it on to another function."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["HITS_TABLE_NAME"])
functions = boto3.client("lambda")


def handler(event, context):
    table.update_item(
        Key={"path": event["path"]},
        UpdateExpression="ADD hits :incr",
        ExpressionAttributeValues={":incr": 1},
    )
    answer = functions.invoke(
        FunctionName=os.environ["DOWNSTREAM_FUNCTION_NAME"],
        Payload=json.dumps(event),
    )
    return json.loads(answer["Payload"].read())

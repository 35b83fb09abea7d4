// Counts each request in a table and passes it on to another function.
const { DynamoDBClient, UpdateItemCommand } = require('@aws-sdk/client-dynamodb');
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');

const table = new DynamoDBClient({});
const functions = new LambdaClient({});

exports.handler = async (event) => {
  await table.send(new UpdateItemCommand({
    TableName: process.env.HITS_TABLE_NAME,
    Key: { path: { S: event.path } },
    UpdateExpression: 'ADD hits :incr',
    ExpressionAttributeValues: { ':incr': { N: '1' } },
  }));

  const answer = await functions.send(new InvokeCommand({
    FunctionName: process.env.DOWNSTREAM_FUNCTION_NAME,
    Payload: JSON.stringify(event),
  }));
  return JSON.parse(Buffer.from(answer.Payload).toString());
};

// Answers every request with a greeting.
exports.handler = async (event) => ({
  statusCode: 200,
  headers: { 'Content-Type': 'text/plain' },
  body: `Hello, Writ! You've hit ${event.path}\n`,
});

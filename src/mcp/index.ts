/** The MCP server and its two transports. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createServer, type McpContext } from './server.ts';
import { StdioTransport } from './stdio.ts';

export { type HttpDoor, type HttpOptions, type MakeServer, openHttp } from './http.ts';
export { HTTP_LIMITS, MCP_LIMITS } from './limits.ts';
export { createServer, type McpContext } from './server.ts';

/** Serves standard input until the client closes it; resolves then. */
export function runStdio(context: McpContext): Promise<void> {
  return new Promise((done) => {
    const transport = new StdioTransport(process.stdin, process.stdout);
    // Whoever started this process works here: his reports are this installation's.
    serveStdio(() => createServer(context, { mayReport: true, reporter: null }), { transport });
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      done();
    };
  });
}

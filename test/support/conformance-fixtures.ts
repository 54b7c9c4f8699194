/**
 * What the public conformance suite asks a server to have beside its own tools, so that content, progress, logging, resources,
 * prompts and completion can be looked at. In a test server only; names and texts are the suite's.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  acceptedContent,
  completable,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A header, and no sound. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const text = (words: string) => ({ type: 'text' as const, text: words });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };

export function addFixtures(server: McpServer): McpServer {
  const none = z.object({});
  const tool = (name: string, content: object[]) =>
    server.registerTool(name, { description: name, inputSchema: none }, () => ({
      content: content as never,
    }));
  tool('test_simple_text', [text('This is a simple text response for testing.')]);
  tool('test_image_content', [image]);
  tool('test_audio_content', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]);
  tool('test_embedded_resource', [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ]);
  tool('test_multiple_content_types', [
    text('Multiple content types test:'),
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ]);
  server.registerTool('test_error_handling', { description: 'fails', inputSchema: none }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool(
    'test_tool_with_progress',
    { description: 'progress', inputSchema: none },
    async (_, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 100 },
          });
        await pause(50);
      }
      return { content: [text('done')] };
    },
  );

  server.registerResource('static-text', 'test://static-text', { mimeType: 'text/plain' }, (uri) => ({
    contents: [
      { uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }));
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
  }));
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );

  const user = (content: object) => ({ role: 'user' as const, content: content as never });
  server.registerPrompt('test_simple_prompt', { description: 'simple' }, () => ({
    messages: [user(text('This is a simple prompt for testing.'))],
  }));
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'arguments',
      argsSchema: z.object({
        arg1: completable(z.string(), (typed) => ['paris', 'park'].filter((w) => w.startsWith(typed))),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        }),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'image' }, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }));
  addAsking(server);
  addLogging(server);
  return server;
}

/* Calls that need something of the client, in as many rounds as it takes (2026-07-28). */

const KEY = randomBytes(32);
const seal = (state: string): string => `${state}.${createHmac('sha256', KEY).update(state).digest('hex')}`;

/** What a state said that we gave. @throws where it is not ours: the SDK makes the protocol's error of it */
function unsealed(given: string): string {
  const state = given.slice(0, given.lastIndexOf('.'));
  const [a, b] = [Buffer.from(given), Buffer.from(seal(state))];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new Error('mac');
  return state;
}
const opened = (ctx: ServerContext): string | undefined => ctx.mcpReq.requestState<string>();

const form = (message: string, key: string, type: 'string' | 'boolean' = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: 'object',
      properties: { [key]: { type } as { type: 'string' } },
      required: [key],
    },
  });
const sampling = (words: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens,
  });

function addAsking(server: McpServer): void {
  // An option of the constructor (`requestState.verify`), which our own factory has no use for: it gives no state.
  Object.assign(server.server, { _requestStateVerify: unsealed });
  const tool = (name: string, answer: (ctx: ServerContext) => string | InputRequiredResult) =>
    server.registerTool(name, { description: name, inputSchema: z.object({}) }, (_, ctx) => {
      const said = answer(ctx);
      return typeof said === 'string' ? { content: [text(said)] } : said;
    });
  /** The value that a form came back with; undefined: it did not, or without it. */
  const value = (ctx: ServerContext, form: string, key: string): unknown =>
    acceptedContent(ctx.mcpReq.inputResponses, form)?.[key];
  const given = (ctx: ServerContext, key: string): Record<string, unknown> | undefined => {
    const one = ctx.mcpReq.inputResponses?.[key];
    return typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : undefined;
  };

  tool('test_input_required_result_elicitation', (ctx) => {
    const name = value(ctx, 'user_name', 'name');
    if (typeof name === 'string') return `Hello, ${name}!`;
    return inputRequired({ inputRequests: { user_name: form('What is your name?', 'name') } });
  });
  tool('test_input_required_result_sampling', (ctx) => {
    const said = given(ctx, 'capital_question')?.content as { text?: string } | undefined;
    if (said?.text !== undefined) return said.text;
    return inputRequired({
      inputRequests: { capital_question: sampling('What is the capital of France?', 100) },
    });
  });
  tool('test_input_required_result_list_roots', (ctx) => {
    const roots = given(ctx, 'client_roots')?.roots;
    if (Array.isArray(roots)) return roots.map((r) => r.uri).join(' ');
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ])
    tool(name, (ctx) => {
      const state = opened(ctx);
      if (state === 'asked' && value(ctx, 'confirm', 'ok') !== undefined) return 'state-ok';
      return inputRequired({
        inputRequests: { confirm: form('Please confirm', 'ok', 'boolean') },
        requestState: seal('asked'),
      });
    });
  tool('test_input_required_result_multiple_inputs', (ctx) => {
    const state = opened(ctx);
    const all = ['user_name', 'greeting', 'client_roots'].every((key) => given(ctx, key));
    if (state === 'all' && all) return `Hello, ${value(ctx, 'user_name', 'name')}!`;
    return inputRequired({
      inputRequests: {
        user_name: form('What is your name?', 'name'),
        greeting: sampling('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: seal('all'),
    });
  });
  tool('test_input_required_result_multi_round', (ctx) => {
    const state = opened(ctx);
    const name = value(ctx, 'step1', 'name');
    if (state?.startsWith('2:') && value(ctx, 'step2', 'color') !== undefined)
      return `${state.slice(2)} likes ${value(ctx, 'step2', 'color')}`;
    if (state === '1' && name !== undefined)
      return inputRequired({
        inputRequests: { step2: form('Step 2: What is your favorite color?', 'color') },
        requestState: seal(`2:${String(name).replaceAll('.', ' ')}`),
      });
    return inputRequired({
      inputRequests: { step1: form('Step 1: What is your name?', 'name') },
      requestState: seal('1'),
    });
  });
  tool('test_input_required_result_capabilities', (ctx) => {
    const can = (ctx.mcpReq.envelope as { clientCapabilities?: Record<string, unknown> } | undefined)
      ?.clientCapabilities;
    return inputRequired({
      inputRequests: {
        ...(can?.elicitation ? { name: form('What is your name?', 'name') } : {}),
        ...(can?.sampling || !can?.elicitation ? { greeting: sampling('Generate a greeting', 50) } : {}),
      },
    });
  });
  tool('test_missing_capability', () =>
    inputRequired({ inputRequests: { question: sampling('What is the capital of France?', 100) } }),
  );
  tool('test_streaming_elicitation', () =>
    inputRequired({ inputRequests: { user_name: form('What is your name?', 'name') } }),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'asks' },
    (ctx: ServerContext) => {
      const said = value(ctx, 'user_context', 'context');
      if (said !== undefined)
        return { messages: [{ role: 'user', content: text(`Context: ${String(said)}`) }] };
      return inputRequired({
        inputRequests: { user_context: form('What context should the prompt use?', 'context') },
      });
    },
  );
}

/** Log messages to the client, of which our own tools send none. */
function addLogging(server: McpServer): void {
  server.server.registerCapabilities({ logging: {} });
  for (const name of ['test_tool_with_logging', 'test_logging_tool'])
    server.registerTool(name, { description: name, inputSchema: z.object({}) }, async (_, ctx) => {
      for (const words of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await ctx.mcpReq.log('info', words);
        await pause(50);
      }
      return { content: [text('done')] };
    });
}

import { z } from 'zod';
import { ANSWERS } from './answers.ts';
import { JSONL } from './entries.ts';
import { ENTRIES, ENTRY_NAME, STATS } from './parameters.ts';

type Json = Record<string, unknown>;

const TEXT = 'text/plain';

/** What goes wrong with any question, by status. */
const FAULTS: Readonly<Record<string, string>> = {
  400: 'A parameter that is unknown, repeated or wrong. The line names it; nothing was left out.',
  401: 'No token, or one that is not known.',
  403: "An agent's token.",
  405: 'Only GET and HEAD are answered.',
  429: 'Too many questions of this auditor at once, or of all; with Retry-After.',
  503: 'The ledger cannot be read now; with Retry-After.',
};

/** OpenAPI 3.1 of the query API, made of the schemas that validate. `version` of sallyport. */
export function openApi(version: string): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'sallyport ledger',
      version,
      summary: 'Which packages were admitted and refused, for whom and why.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1/ledger' }],
    security: [{ auditor: [] }],
    paths: {
      '/entries': {
        get: {
          operationId: 'entries',
          summary: 'Entries, a page at a time, or all that are selected as JSON lines.',
          parameters: queryOf(ENTRIES),
          responses: answers(
            {
              'application/json': { schema: ref('Page') },
              [JSONL]: { schema: { type: 'string', description: 'One Entry a line.' } },
            },
            'The entries that were asked for, in order.',
          ),
        },
      },
      '/entries/{entry}': {
        get: {
          operationId: 'entry',
          summary: 'One entry.',
          parameters: [ENTRY_PARAMETER],
          responses: answers({ 'application/json': { schema: ref('Entry') } }, 'The entry.', GONE),
        },
      },
      '/entries/{entry}/proof': {
        get: {
          operationId: 'proof',
          summary: 'That an entry is in the log: a proof that stands alone (C2SP tlog-proof).',
          parameters: [ENTRY_PARAMETER],
          responses: answers({ [TEXT]: { schema: { type: 'string' } } }, 'The proof.', {
            ...GONE,
            503: 'Not under a published checkpoint yet, or the ledger cannot be read now; with Retry-After.',
          }),
        },
      },
      '/stats': {
        get: {
          operationId: 'stats',
          summary: 'How many entries there are, by a property.',
          parameters: queryOf(STATS),
          responses: answers({ 'application/json': { schema: ref('Counts') } }, 'The counts.'),
        },
      },
      '/logs': {
        get: {
          operationId: 'logs',
          summary: 'Every log that was made of this ledger, with its key and its heads.',
          responses: answers({ 'application/json': { schema: ref('Logs') } }, 'The logs.'),
        },
      },
      '/openapi.json': {
        get: {
          operationId: 'openapi',
          summary: 'This document.',
          responses: answers({ 'application/json': { schema: { type: 'object' } } }, 'OpenAPI 3.1.'),
        },
      },
    },
    components: {
      securitySchemes: {
        auditor: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token that `sallyport token --agent NAME --auditor` made.',
        },
      },
      schemas: components(),
    },
  };
}

const GONE = { 404: 'There is no such entry.', 410: 'It was withdrawn from reading.' };

const ENTRY_PARAMETER: Json = {
  name: 'entry',
  in: 'path',
  required: true,
  ...described({ ...z.toJSONSchema(ENTRY_NAME) }),
};

function answers(content: Json, description: string, faults: Readonly<Record<string, string>> = {}): Json {
  const all = Object.entries({ ...FAULTS, ...faults }).map(([status, words]) => [
    status,
    { description: words, content: { 'application/problem+json': { schema: ref('Problem') } } },
  ]);
  return { 200: { description, content }, ...Object.fromEntries(all) };
}

/** The parameters of a query string, from the schema that reads it. */
function queryOf(schema: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'output' });
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...described(one as Json),
  }));
}

/** A schema, with its description beside it. */
function described({ $schema: _, description, ...schema }: Json): Json {
  return { ...(description !== undefined && { description }), schema };
}

function ref(name: keyof typeof ANSWERS): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** The answers' schemas by the names that they have of themselves. */
function components(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(ANSWERS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'output' });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: _id, ...schema }]) => [name, schema]),
  );
}

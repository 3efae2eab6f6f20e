import { z } from 'zod';
import { STATS_KEYS, TYPES } from '../ledger/asked/words.ts';

// What the query API answers, as its OpenAPI document says it. The tests hold answers to it.

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const notes = z
  .array(z.string())
  .describe(
    'Lines for a person: how other ecosystems write the package that was asked for, and what no answer can have in it.',
  );

const ENTRY = z.strictObject({
  seq: count.describe('Its number in this ledger.'),
  leaf: hex.describe('Its RFC 6962 leaf hash: SHA-256 over a zero byte and the exact bytes of `entry`.'),
  log: z.int().min(1).nullable().describe('The number of the log that it is in.'),
  index: count.nullable().describe('Its place in that log.'),
  entry: z
    .looseObject({ v: z.int(), type: z.enum(TYPES), id: z.string(), time: count })
    .nullable()
    .describe('The entry, byte for byte as it is hashed (RFC 8785); null: withdrawn from reading.'),
});

const PAGE = z.strictObject({
  entries: z.array(ENTRY).max(1000),
  next: z.string().nullable().describe('`cursor` of the next page; null: there is none now.'),
  notes,
});

const COUNTS = z.strictObject({
  by: z.enum(STATS_KEYS),
  groups: z
    .array(
      z.strictObject({
        key: z.string().describe('The property; empty: entries that lack it. Of artifacts `purl#file`.'),
        entries: count,
        first: count.describe('Number of the first of them.'),
        last: count.describe('Number of the last of them.'),
      }),
    )
    .max(1000)
    .describe('The most entries first.'),
  more: z.boolean().describe('There are more groups than these.'),
  notes,
});

const HEAD = z.strictObject({
  size: count,
  root: z.base64().describe('The root of the tree, 32 bytes.'),
  cosigners: z
    .array(z.strictObject({ name: z.string(), time: z.iso.datetime() }))
    .describe('Witnesses of the policy whose cosignatures verify, and when they signed.'),
  unverified: count.describe(
    'Further signature lines, of keys that the policy does not name or that do not verify.',
  ),
  checkpoint: z.string().describe('The signed note (C2SP tlog-checkpoint).'),
});

const LOGS = z.strictObject({
  logs: z
    .array(
      z.strictObject({
        log: z.int().min(1),
        origin: z.string(),
        vkey: z.string().describe('The verifier key (C2SP signed-note).'),
        running: z.boolean(),
        base: count.describe('The number of its first entry: `seq` of an entry is `base + index`.'),
        minimum: count.describe('Entries below this place are withdrawn from reading.'),
        opened: z.iso.datetime(),
        head: HEAD.nullable().describe('The newest that was published.'),
        cosigned: HEAD.nullable().describe('The newest that met the policy of witnesses.'),
      }),
    )
    .describe('Oldest first.'),
});

const PROBLEM = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  error: z.string().describe('One line for a person.'),
  code: z.string().describe('A fixed word.'),
});

/** Every answer by the name that the document gives it. */
export const ANSWERS = {
  Entry: ENTRY,
  Page: PAGE,
  Counts: COUNTS,
  Head: HEAD,
  Logs: LOGS,
  Problem: PROBLEM,
} as const;

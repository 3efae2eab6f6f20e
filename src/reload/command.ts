import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { loadPolicy } from '../allowlists.ts';
import { printable } from '../cli/ledger-line.ts';
import { EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';
import type { Digest } from '../model/digest.ts';
import { PolicyError } from '../policy/policy.ts';
import type { Terminal } from '../policy-commands/terminal.ts';
import { findServer, NoServer } from './server-file.ts';

/** How long the server may take to answer, ms: longer than a load of its may. */
const WITHIN = 150_000;

/** How long an answer about other files than ours may be followed by one about ours, ms: a reload was under way. */
const FOLLOWS = 10_000;

/** How often the ledger is asked, ms. */
const EVERY = 100;

/** Problems that are printed at most. */
const MAX_PROBLEMS = 100;

const answer = z.object({
  outcome: z.enum(['loaded', 'rejected', 'unchanged']),
  policy: z.string(),
  previous: z.string().optional(),
  problems: z.number().optional(),
});
type Outcome = z.infer<typeof answer> & { readonly seq: number };

/** What the folder holds, as far as this command can tell. */
type Folder = { readonly digest: Digest } | { readonly problems: readonly string[] };

/**
 * Has the running server read the allowlists again and says what became of it. 0: the folder is in force; 1: it is
 * not; 3: nobody could be asked, or nobody answered.
 */
export async function policyReload(
  config: Config,
  options: { readonly expect?: string },
  { print, say }: Terminal,
): Promise<number> {
  const folder = await look(config.allowlists);
  if (options.expect !== undefined) {
    const found = 'digest' in folder ? folder.digest : 'no policy that can be loaded';
    if (found !== options.expect) {
      say(`sallyport: not reloaded: ${config.allowlists} has ${found}, not ${printable(options.expect)}`);
      tellProblems(folder, print);
      return EXIT.refused;
    }
  }
  const server = await findServer(config.data).catch((error: unknown) => {
    if (error instanceof NoServer) return error;
    throw error;
  });
  if (server instanceof NoServer) {
    say(`sallyport: ${server.message}`);
    return EXIT.failed;
  }
  const reader = await openLedgerReader({ dir: config.data });
  try {
    const before = await lastPlace(reader);
    process.kill(server.pid, 'SIGHUP');
    const outcome = await outcomeOf(reader, before, folder);
    if (outcome) return tell(outcome, folder, { print, say });
    say(`sallyport: the server (process ${server.pid}) said nothing of a reload; its log and /readyz may`);
    return EXIT.failed;
  } finally {
    await reader.close();
  }
}

async function look(allowlists: string): Promise<Folder> {
  try {
    return { digest: (await loadPolicy(allowlists)).digest };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { problems: error.message.split('\n') };
  }
}

async function lastPlace(reader: LedgerReader): Promise<number> {
  for await (const { seq } of reader.query({ reverse: true, limit: 1 })) return seq;
  return -1;
}

/** What the server entered about our files; or at last about others, if it never spoke of ours. null: nothing. */
async function outcomeOf(reader: LedgerReader, before: number, folder: Folder): Promise<Outcome | null> {
  const began = performance.now();
  let other: { readonly outcome: Outcome; readonly at: number } | null = null;
  let after = before;
  for (;;) {
    for (const outcome of await outcomesAfter(reader, after)) {
      after = outcome.seq;
      if (isAbout(outcome, folder)) return outcome;
      other = { outcome, at: performance.now() };
    }
    const now = performance.now();
    if (other ? now - other.at > FOLLOWS : now - began > WITHIN) return other?.outcome ?? null;
    await sleep(EVERY);
  }
}

async function outcomesAfter(reader: LedgerReader, after: number): Promise<Outcome[]> {
  const found: Outcome[] = [];
  const filter = after < 0 ? { type: 'policy' as const } : { type: 'policy' as const, after };
  for await (const { seq, bytes } of reader.query(filter)) {
    const parsed = answer.safeParse(JSON.parse(bytes));
    if (parsed.success) found.push({ ...parsed.data, seq });
  }
  return found;
}

function isAbout({ outcome, policy }: Outcome, folder: Folder): boolean {
  return 'digest' in folder ? outcome !== 'rejected' && policy === folder.digest : outcome === 'rejected';
}

function tell(outcome: Outcome, folder: Folder, { print, say }: Terminal): number {
  const { policy, previous, problems } = outcome;
  switch (outcome.outcome) {
    case 'loaded':
      print(`loaded ${policy}`);
      say(`sallyport: in force now, in place of ${previous ?? 'another'} (entry ${outcome.seq})`);
      break;
    case 'unchanged':
      print(`unchanged ${policy}`);
      say('sallyport: the folder is what was in force already');
      break;
    case 'rejected':
      print(`rejected ${policy}`);
      say(
        `sallyport: not reloaded: ${problems ?? 'some'} problems; ${policy} stays in force (entry ${outcome.seq})`,
      );
      tellProblems(folder, print);
      if ('digest' in folder)
        say("sallyport: this command finds no problem in the folder; the server's log says more");
      return EXIT.refused;
  }
  if (isAbout(outcome, folder)) return EXIT.ok;
  say(
    'sallyport: that is not what this command reads: the folder changed meanwhile, or the server has another one (SALLYPORT_ALLOWLISTS)',
  );
  return EXIT.refused;
}

/** Lines of policy files: what they hold may be anything. */
function tellProblems(folder: Folder, print: (line: string) => void): void {
  if (!('problems' in folder)) return;
  for (const line of folder.problems.slice(0, MAX_PROBLEMS)) print(printable(line));
  const more = folder.problems.length - MAX_PROBLEMS;
  if (more > 0) print(`and ${more} more`);
}

import { printable } from '../cli/ledger-line.ts';
import type { LedgerVerifyOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { readUpTo } from '../disk/bounded.ts';
import { logsIn } from '../ledger/audit/data-folder.ts';
import type { Finding } from '../ledger/audit/finding.ts';
import { originOf } from '../ledger/audit/heads.ts';
import type { KeptHead } from '../ledger/audit/kept-heads.ts';
import { type AuditReport, auditLedger, type LedgerAudit } from '../ledger/audit/ledger-audit.ts';
import { MAX_NOTE_BYTES } from '../ledger/log/note.ts';
import { findServer, NoServer } from '../reload/server-file.ts';
import type { Given } from './given.ts';
import { httpLogs, NoAnswer } from './http-source.ts';
import { BadOption, fileOf, keysOf, policyOf } from './keys.ts';

/** How often progress is told, ms. */
const EVERY = 5_000;

/** `sallyport ledger verify`: 0 where nothing is wrong, 1 where anything is, 3 where it could not look. */
export async function verify(given: Given, options: LedgerVerifyOptions): Promise<number> {
  const { out } = given;
  try {
    if (options.url !== undefined && options.data !== undefined)
      throw new BadOption('--url and --data are two ledgers: name one');
    const asked = {
      keys: options.key === undefined ? [] : await keysOf(options.key),
      kept: options.since === undefined ? [] : [await keptHead(options.since)],
      witnesses: options.witnesses === undefined ? null : await policyOf(options.witnesses),
      now: given.now,
      progress: progressTo(out.say),
    };
    const began = performance.now();
    const report =
      options.url === undefined
        ? await verifyData(given, options, asked)
        : await verifyUrl(given, options.url, asked);
    if (report === null) return EXIT.failed;
    tell(report, options, performance.now() - began, out);
    return report.problems === 0 ? EXIT.ok : EXIT.refused;
  } catch (error) {
    if (!(error instanceof BadOption) && !(error instanceof NoAnswer)) throw error;
    out.say(`sallyport: ${error.message}`);
    return error instanceof BadOption ? EXIT.usage : EXIT.failed;
  }
}

type Asked = Pick<LedgerAudit, 'keys' | 'kept' | 'witnesses' | 'now' | 'progress'>;

async function verifyData(
  given: Given,
  options: LedgerVerifyOptions,
  asked: Asked,
): Promise<AuditReport | null> {
  const config = given.configured(options);
  const data = options.data ?? config.data;
  const folder = await logsIn(data);
  if (folder === null) {
    given.out.say(`sallyport: there is no ledger in ${data}`);
    return null;
  }
  // Another folder is not the one that the configuration speaks of.
  const own = options.data === undefined;
  const copies = own ? await headCopy(config) : [];
  const configured = own && config.witnessPolicy !== undefined ? await policyOf(config.witnessPolicy) : null;
  return await auditLedger({
    ...asked,
    ...folder,
    witnesses: asked.witnesses ?? configured,
    kept: [...asked.kept, ...copies],
    live: await isServed(data),
  });
}

async function verifyUrl({ env }: Given, url: string, asked: Asked): Promise<AuditReport> {
  const http = httpLogs(url, env['SALLYPORT_TOKEN']);
  try {
    return await auditLedger({ ...asked, logs: await http.logs(), database: null, live: true });
  } finally {
    await http.close();
  }
}

async function keptHead(path: string): Promise<KeptHead> {
  const note = await fileOf(path, '--since');
  if (originOf(note) === null) throw new BadOption(`--since ${path} is no checkpoint (C2SP signed-note)`);
  return { note, copy: 'kept checkpoint' };
}

/** The copy on another volume, where one is kept. */
async function headCopy({ headCopy }: Config): Promise<KeptHead[]> {
  if (headCopy === undefined) return [];
  const note = await readUpTo(headCopy, MAX_NOTE_BYTES + 1);
  return note ? [{ note: note.toString('utf8'), copy: 'head copy' }] : [];
}

async function isServed(data: string): Promise<boolean> {
  try {
    await findServer(data);
    return true;
  } catch (error) {
    if (error instanceof NoServer) return false;
    throw error;
  }
}

function progressTo(say: (line: string) => void): LedgerAudit['progress'] {
  const began = performance.now();
  let last = began;
  let before = 0;
  let counted = 0;
  let current = 0;
  return (log, entries, size) => {
    if (log !== current) [current, before] = [log, 0];
    counted += entries - before;
    before = entries;
    const now = performance.now();
    if (now - last < EVERY) return;
    last = now;
    say(`sallyport: log ${log}: ${entries} of ${size} entries, ${rate(counted, now - began)}`);
  };
}

function tell(
  report: AuditReport,
  options: LedgerVerifyOptions,
  ms: number,
  { print, say }: Given['out'],
): void {
  const { findings, left, problems, logs, counted } = report;
  if (options.json) {
    for (const finding of findings) print(printable(JSON.stringify(finding)));
    print(printable(JSON.stringify({ kind: 'summary', problems, left, logs, counted })));
  } else for (const finding of findings) print(findingLine(finding));
  if (left.problem + left.note > 0)
    say(`sallyport: ${left.problem} more problems and ${left.note} more notes are not shown`);
  let entries = 0;
  for (const log of logs) {
    entries += log.entries;
    const from = {
      given: 'your key',
      chain: 'the chain from your key',
      beside: 'the key that lies beside it',
    };
    const head = log.size === null ? 'no checkpoint that verifies' : `${log.size} entries, root ${log.root}`;
    say(`log ${log.number} (${log.origin ?? 'without a key'}): ${head}, by ${from[log.keyFrom]}`);
    if (log.cosigned)
      say(
        `log ${log.number}: cosigned by ${log.cosigned.witnesses.map(cosigner).join(', ') || 'nobody'}: the policy is ${log.cosigned.met ? '' : 'not '}met`,
      );
  }
  if (options.url !== undefined)
    say('not looked at, because it is not served: the database, the query index and the history of heads');
  say(
    `${problems === 0 ? 'nothing is wrong' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`}: ${entries} entries in ${rate(entries, ms)}`,
  );
}

/** `problem: log 1, entries 300 to 310 (ledger 300), tile/entries/001: …` */
export function findingLine({ kind, log, from, to, seq, path, text }: Finding): string {
  const range =
    from === undefined ? '' : to === undefined || to === from ? `entry ${from}` : `entries ${from} to ${to}`;
  const own = seq === undefined || from === undefined || seq === from ? '' : ` (${seq} in the ledger)`;
  const place = [log === null ? '' : `log ${log}`, `${range}${own}`, path ?? ''].filter(
    (part) => part !== '',
  );
  return printable(`${kind}: ${place.join(', ')}${place.length > 0 ? ': ' : ''}${text}`).replaceAll(
    '\n',
    '\\u000a',
  );
}

/** `w1 (2026-11-23T08:00:00.000Z)` */
function cosigner({ name, time }: { readonly name: string; readonly time: number }): string {
  return `${name} (${new Date(time * 1000).toISOString()})`;
}

function rate(entries: number, ms: number): string {
  return `${(ms / 1000).toFixed(1)} s (${Math.round((entries * 1000) / Math.max(ms, 1))} entries a second)`;
}

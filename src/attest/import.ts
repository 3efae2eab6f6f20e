import { join } from 'node:path';
import { type EvidenceFile, NoEvidence } from '../cli/evidence-file.ts';
import { printable } from '../cli/ledger-line.ts';
import { EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { sha256 } from '../model/digest.ts';
import type { EvidenceVerdict } from '../model/evidence.ts';
import type { Output } from '../trust/commands.ts';
import { loadTrust } from '../trust/files.ts';
import { EvidenceRefused, openEvidenceShelf } from '../vault/evidence-shelf.ts';
import type { EvidenceShelf } from '../vault/vault.ts';
import { checkEvidence } from '../verify/evidence.ts';
import { openTrust, type Trust } from '../verify/trust.ts';
import { evidenceIn } from './evidence-files.ts';
import { NOTHING_SEEN } from './exhibit.ts';
import { subjectOf, titleOf, whyOf } from './told.ts';

/** What became of one document. */
interface Outcome {
  readonly file: EvidenceFile;
  readonly verdict: EvidenceVerdict;
  readonly imported: boolean;
  /** Why it was not taken, or what is odd about it though it was; null for nothing. */
  readonly problem: string | null;
}

/**
 * `attest import FILE…`: puts evidence on the vault's shelf, under the digest of the artifact that it is about. A
 * document proves itself, so it does not matter how it came here; one that does not verify is not taken. The one
 * exception is a registry signature that is good, but by a key that has been retired since: whether it counts, only the
 * index can say, and the firewall asks it. What is there already is no news. Runs beside a running firewall.
 * Exit code: that of the worst file; the others are imported all the same.
 */
export async function attestImport(
  config: Config,
  paths: readonly string[],
  now: number,
  options: { readonly json?: true },
  { print, say }: Output,
): Promise<number> {
  const trust = openTrust((await loadTrust(config)).bytes);
  const shelf = openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') });
  let worst: number = EXIT.ok;
  for (const path of paths) {
    const documents = await documentsOf(path);
    if (!Array.isArray(documents)) {
      const { problem, cause, exit } = documents;
      worst = Math.max(worst, exit);
      say(`sallyport: ${printable(path)}: ${printable(problem)}`);
      if (options.json) print(JSON.stringify({ source: path, imported: false, cause, problem }));
      continue;
    }
    for (const file of documents) {
      const outcome = await importOne(trust, shelf, file, now);
      if (!outcome.imported) worst = Math.max(worst, EXIT.refused);
      print(options.json ? jsonOf(path, outcome) : lineOf(outcome));
    }
  }
  return worst;
}

interface Unreadable {
  readonly problem: string;
  /** Why it is no evidence; null where it could not be read at all. */
  readonly cause: NoEvidence['why'] | null;
  readonly exit: number;
}

async function documentsOf(path: string): Promise<EvidenceFile[] | Unreadable> {
  try {
    return await evidenceIn(path);
  } catch (error) {
    if (error instanceof NoEvidence) return { problem: error.message, cause: error.why, exit: EXIT.refused };
    return {
      problem: error instanceof Error ? error.message : String(error),
      cause: null,
      exit: EXIT.failed,
    };
  }
}

async function importOne(
  trust: Trust,
  shelf: EvidenceShelf,
  file: EvidenceFile,
  now: number,
): Promise<Outcome> {
  const { kind, bytes, artifact } = file;
  const verdict = checkEvidence(trust, { kind, bytes, artifact, ...NOTHING_SEEN }, now);
  const digest = artifact.sha256 ?? artifact.sha512;
  const good = verdict.result === 'verified' || verdict.cause === 'key-retired';
  if (!good || !digest) return { file, verdict, imported: false, problem: whyOf(verdict) };
  try {
    await shelf.put(artifact, digest, kind, bytes);
  } catch (error) {
    if (!(error instanceof EvidenceRefused)) throw error;
    return { file, verdict, imported: false, problem: error.message };
  }
  return { file, verdict, imported: true, problem: whyOf(verdict) };
}

function lineOf({ file, imported, problem }: Outcome): string {
  const title = titleOf({ ...file, document: sha256(file.bytes) });
  return `${imported ? 'imported' : 'refused '} ${title}${problem ? `: ${problem}` : ''}`;
}

function jsonOf(source: string, { file, verdict, imported, problem }: Outcome): string {
  const { kind, bytes, artifact } = file;
  const document = sha256(bytes);
  return JSON.stringify({ source, imported, kind, document, ...subjectOf(artifact), verdict, problem });
}

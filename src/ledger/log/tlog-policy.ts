import { LogError } from './log-error.ts';
import { type Note, type VerifierKey, verifierKey } from './note.ts';
import { decimalSize } from './size.ts';

/** Which logs are believed, which witnesses are known, and how many of them make a checkpoint cosigned. */
export interface TlogPolicy {
  /** The logs that are accepted; where there are none, the caller knows which. */
  readonly logs: readonly { readonly key: VerifierKey; readonly url: string | null }[];
  /** `name` is the policy's own word for the witness, not its key's name. */
  readonly witnesses: readonly {
    readonly name: string;
    readonly key: VerifierKey;
    readonly url: string | null;
  }[];
  /** Whether cosignatures of these witnesses, by their names in the policy, are enough. */
  met(by: ReadonlySet<string>): boolean;
  readonly text: string;
}

/** Whose cosignatures a checkpoint carries, with their times (seconds since 1970), and whether they are enough. */
export interface CosignedBy {
  readonly witnesses: readonly { readonly name: string; readonly time: number }[];
  readonly met: boolean;
}

/** Characters of a policy that is read. */
const MAX_POLICY = 256 * 1024;

interface Group {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

/** What the lines above have defined. */
class Definitions {
  readonly logs: { key: VerifierKey; url: string | null }[] = [];
  readonly witnesses: { name: string; key: VerifierKey; url: string | null }[] = [];
  readonly groups: Group[] = [];
  readonly names = new Set<string>();
  readonly members = new Set<string>();
  quorum: string | null = null;
}

/** Reads a policy (C2SP tlog-policy). Throws LogError with the number of the line. */
export function parseTlogPolicy(text: string): TlogPolicy {
  if (text.length > MAX_POLICY) throw new LogError('a witness policy is too large');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new LogError(`line ${lines.length + 1}: does not end in a newline`);
  const defined = new Definitions();
  lines.forEach((line, i) => {
    try {
      define(defined, line);
    } catch (error) {
      if (error instanceof LogError) throw new LogError(`line ${i + 1}: ${error.message}`, { cause: error });
      throw error;
    }
  });
  const { logs, witnesses, groups, quorum } = defined;
  if (quorum === null) throw new LogError(`line ${lines.length}: ends without a quorum line`);
  return {
    logs,
    witnesses,
    text,
    met: (by) => {
      if (quorum === 'none') return true;
      const met = new Set(witnesses.map(({ name }) => name).filter((name) => by.has(name)));
      // Groups name only what was defined before them.
      for (const { name, threshold, members } of groups)
        if (members.filter((member) => met.has(member)).length >= threshold) met.add(name);
      return met.has(quorum);
    },
  };
}

/**
 * Whose cosignatures a checkpoint's note carries. Throws LogError where one has the name and id of a witness's key and
 * does not verify (C2SP signed-note, Signatures). Of several by one witness the latest counts.
 */
export function cosignedBy(note: Note, policy: TlogPolicy): CosignedBy {
  const witnesses: { name: string; time: number }[] = [];
  for (const { name, key } of policy.witnesses) {
    const times = note.signatures
      .filter((signature) => signature.name === key.name && signature.keyId === key.keyId)
      .map((signature) => {
        const time = key.verify(note.text, signature)?.time ?? null;
        if (time === null) throw new LogError(`the cosignature of ${name} does not verify`);
        return time;
      });
    if (times.length > 0) witnesses.push({ name, time: Math.max(...times) });
  }
  return { witnesses, met: policy.met(new Set(witnesses.map(({ name }) => name))) };
}

function define(defined: Definitions, line: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!line.isWellFormed() || /[\u0000-\u0008\u000a-\u001f\u007f]/.test(line))
    throw new LogError('holds control characters');
  const [word, ...rest] = line.split(/[ \t]+/).filter((item) => item !== '');
  if (word === undefined || word.startsWith('#')) return;
  if (word === 'log') defineLog(defined, rest);
  else if (word === 'witness') defineWitness(defined, rest);
  else if (word === 'group') defineGroup(defined, rest);
  else if (word === 'quorum') defineQuorum(defined, rest);
  else throw new LogError('begins with no known word');
}

function defineLog({ logs }: Definitions, items: readonly string[]): void {
  const [vkey, url = null, more] = items;
  if (vkey === undefined || more !== undefined) throw new LogError('is not "log <vkey> [<url>]"');
  const key = verifierKey(vkey);
  if (key.type !== 'ed25519') throw new LogError("a log's key is no Ed25519 key");
  if (logs.some((log) => log.key.publicKey.equals(key.publicKey))) throw new LogError('a log is there twice');
  logs.push({ key, url });
}

function defineWitness(defined: Definitions, items: readonly string[]): void {
  const [name, vkey, url = null, more] = items;
  if (name === undefined || vkey === undefined || more !== undefined)
    throw new LogError('is not "witness <name> <vkey> [<url>]"');
  const key = verifierKey(vkey);
  if (key.type !== 'cosignature/v1') throw new LogError("a witness's key is no cosignature/v1 key");
  if (defined.witnesses.some((witness) => witness.key.publicKey.equals(key.publicKey)))
    throw new LogError('a witness is there twice');
  defineName(defined, name);
  defined.witnesses.push({ name, key, url });
}

function defineGroup(defined: Definitions, items: readonly string[]): void {
  const [name, count, ...members] = items;
  if (name === undefined || count === undefined || members.length === 0)
    throw new LogError('is not "group <name> all|any|<k> <name>…"');
  const words: Record<string, number> = { all: members.length, any: 1 };
  const threshold = Object.hasOwn(words, count) ? (words[count] ?? 0) : (decimalSize(count) ?? 0);
  if (threshold < 1 || threshold > members.length)
    throw new LogError(`a group of ${members.length} cannot ask for ${count}`);
  for (const member of members) {
    if (!defined.names.has(member)) throw new LogError(`${member} is not defined above`);
    if (defined.members.has(member)) throw new LogError(`${member} is a member twice`);
    defined.members.add(member);
  }
  defineName(defined, name);
  defined.groups.push({ name, threshold, members });
}

function defineQuorum(defined: Definitions, items: readonly string[]): void {
  const [name, more] = items;
  if (name === undefined || more !== undefined) throw new LogError('is not "quorum <name>"');
  if (defined.quorum !== null) throw new LogError('is a second quorum line');
  if (name !== 'none' && !defined.names.has(name)) throw new LogError(`${name} is not defined above`);
  defined.quorum = name;
}

function defineName({ names }: Definitions, name: string): void {
  if (name === 'none') throw new LogError('none is no name for a witness or a group');
  if (names.has(name)) throw new LogError(`${name} is defined twice`);
  names.add(name);
}

import type Database from 'better-sqlite3';
import type { Columns, Subject } from '../columns.ts';

/** Kinds of words (index-schema.ts). */
export type WordKind = 'agent' | 'policy' | 'rules' | 'waiver' | 'lifted' | 'waived';

/** A subject's number, and that of its package. */
export interface SubjectIds {
  readonly id: number;
  readonly package: number;
}

/** Numbers that are kept in memory of each kind; beyond, all are looked up anew. */
const MAX_KEPT = 20_000;

/**
 * Gives the numbers of the index's dictionaries, and makes them. For the one writer, inside its transaction: where that is
 * rolled back, `forget` drops the numbers that may be gone with it.
 */
export class Dictionary {
  readonly #words = new Map<string, number>();
  readonly #shapes = new Map<string, number>();
  readonly #packages = new Map<string, number>();
  readonly #subjects = new Map<string, SubjectIds>();
  readonly #statements;

  constructor(db: Database.Database) {
    this.#statements = statementsOf(db);
  }

  /** null for the empty text. */
  word(kind: WordKind, text: string): number | null {
    return text === '' ? null : this.#word(kind, text);
  }

  /** The word that stands for any waiver. */
  waived(): number {
    return this.#word('waived', '');
  }

  rules(rules: readonly string[]): number | null {
    if (rules.length === 0) return null;
    return this.#word('rules', JSON.stringify(rules), (word) => {
      for (const rule of rules) this.#statements.insertRule.run(rule, word);
    });
  }

  shape({ type, verdict, route, profile, provenance, codes }: Columns): number {
    const fields = [type, verdict, route, profile, provenance, JSON.stringify(codes)] as const;
    return kept(this.#shapes, fields.join('\0'), () => {
      const { findShape, insertShape } = this.#statements;
      return findShape.get(...fields) ?? Number(insertShape.run(...fields).lastInsertRowid);
    });
  }

  subject(subject: Subject): SubjectIds {
    const { version, file, sha256, sha512 } = subject;
    const key = [subject.ecosystem, subject.name, version, file, sha256, sha512].join('\0');
    return kept(this.#subjects, key, () => {
      const { findSubject, insertSubject } = this.#statements;
      const id = this.#package(subject);
      const fields = [id, version, file, bytesOf(sha256), bytesOf(sha512)] as const;
      const known = findSubject.get(...fields);
      return { id: known ?? Number(insertSubject.run(...fields).lastInsertRowid), package: id };
    });
  }

  forget(): void {
    for (const map of [this.#words, this.#shapes, this.#packages, this.#subjects]) map.clear();
  }

  #word(kind: WordKind, text: string, made: (id: number) => void = () => undefined): number {
    return kept(this.#words, `${kind}\0${text}`, () => {
      const known = this.#statements.findWord.get(kind, text);
      if (known !== undefined) return known;
      const id = Number(this.#statements.insertWord.run(kind, text).lastInsertRowid);
      made(id);
      return id;
    });
  }

  #package({ ecosystem, name }: Subject): number {
    return kept(this.#packages, `${ecosystem}\0${name}`, () => {
      const { findPackage, insertPackage } = this.#statements;
      return findPackage.get(name, ecosystem) ?? Number(insertPackage.run(name, ecosystem).lastInsertRowid);
    });
  }
}

/** A digest as the subject table has it: its bytes, none where there is no digest. */
export function bytesOf(digest: string): Buffer {
  return Buffer.from(digest.slice('sha256:'.length), 'hex');
}

function statementsOf(db: Database.Database) {
  const number = <P extends unknown[]>(sql: string) => db.prepare<P, number>(sql).pluck();
  return {
    findWord: number<[string, string]>('SELECT id FROM word WHERE kind = ? AND text = ?'),
    insertWord: db.prepare('INSERT INTO word (kind, text) VALUES (?, ?)'),
    insertRule: db.prepare('INSERT INTO rule_word (rule, word) VALUES (?, ?)'),
    findShape: number<[string, string, string, string, string, string]>(
      `SELECT id FROM shape
       WHERE type = ? AND verdict = ? AND route = ? AND profile = ? AND provenance = ? AND codes = ?`,
    ),
    insertShape: db.prepare(
      'INSERT INTO shape (type, verdict, route, profile, provenance, codes) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    findPackage: number<[string, string]>('SELECT id FROM logged_package WHERE name = ? AND ecosystem = ?'),
    insertPackage: db.prepare('INSERT INTO logged_package (name, ecosystem) VALUES (?, ?)'),
    findSubject: number<[number, string, string, Buffer, Buffer]>(
      'SELECT id FROM subject WHERE package = ? AND version = ? AND file = ? AND sha256 = ? AND sha512 = ?',
    ),
    insertSubject: db.prepare(
      'INSERT INTO subject (package, version, file, sha256, sha512) VALUES (?, ?, ?, ?, ?)',
    ),
  };
}

function kept<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  if (map.size >= MAX_KEPT) map.clear();
  map.set(key, value);
  return value;
}

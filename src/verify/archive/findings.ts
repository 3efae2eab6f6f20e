import type { Finding, FindingCode } from '../../model/finding.ts';
import { finding } from './unsafe.ts';

/** More of one kind tell nothing new, and an archive has room for very many. */
const MAX_PER_CODE = 20;

/** Collects what an inspection finds. */
export class Findings {
  readonly #list: Finding[] = [];

  add(code: FindingCode, path: string): void {
    const found = finding(code, path);
    const same = this.#list.filter((other) => other.code === code);
    if (same.length < MAX_PER_CODE && !same.some((other) => other.place === found.place))
      this.#list.push(found);
  }

  get list(): readonly Finding[] {
    return [...this.#list];
  }
}

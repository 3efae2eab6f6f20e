import type { Severity } from '../model/advisory.ts';
import { worst } from './severity.ts';

/** Ids that name the same thing, and the worst severity that any record of them gives. Aliases go both ways, and further. */
export class Aliases {
  readonly #parents = new Map<string, string>();
  /** By the id that stands for its group. */
  readonly #severities = new Map<string, Severity>();

  add(id: string, aliases: readonly string[], severity: Severity | null): void {
    for (const alias of aliases) this.#join(id, alias);
    if (severity === null) return;
    const group = this.#groupOf(id);
    this.#severities.set(group, worst([severity, this.#severities.get(group) ?? null]) ?? severity);
  }

  /** null where no record of its group says. */
  severityOf(id: string): Severity | null {
    return this.#severities.get(this.#groupOf(id)) ?? null;
  }

  #join(a: string, b: string): void {
    const [one, other] = [this.#groupOf(a), this.#groupOf(b)];
    if (one === other) return;
    this.#parents.set(one, other);
    const severity = worst([this.#severities.get(one) ?? null, this.#severities.get(other) ?? null]);
    this.#severities.delete(one);
    if (severity !== null) this.#severities.set(other, severity);
  }

  /** Halves the way as it goes, so that a long chain is walked once. */
  #groupOf(id: string): string {
    let at = id;
    for (;;) {
      const parent = this.#parents.get(at);
      if (parent === undefined) return at;
      const above = this.#parents.get(parent);
      if (above === undefined) return parent;
      this.#parents.set(at, above);
      at = above;
    }
  }
}

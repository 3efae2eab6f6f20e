import { type ReasonCode, wordsOf } from '../model/reason-codes.ts';

/** A question that gets no answer: becomes a problem+json body with this code and line. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ReasonCode;
  /** Seconds after which it may be asked again. */
  readonly retryAfter: number | undefined;

  /** `what`: better words than the code's own, made of ours and of what passed a grammar. */
  constructor(code: ReasonCode, what: string = wordsOf(code), retryAfter?: number) {
    super(`sallyport: ${what} (${code})`);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A parameter that is wrong, by its name. */
export function wrong(parameter: string, what: string): Problem {
  return new Problem('BAD_REQUEST', `${parameter} ${what}`);
}

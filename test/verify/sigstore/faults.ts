import { EvidenceFault } from '../../../src/verify/fault.ts';

/** `verified`, or result and cause of the fault. */
export function said(work: () => unknown): string {
  try {
    work();
    return 'verified';
  } catch (error) {
    if (error instanceof EvidenceFault) return `${error.result} ${error.cause}`;
    throw error;
  }
}

import { ArchiveUnsafe } from '../../src/verify/archive/unsafe.ts';
import { inspect } from '../../src/verify/inspect.ts';
import { inspectNpmTarball } from '../../src/verify/npm/tarball.ts';
import { inspectSdist } from '../../src/verify/pypi/sdist.ts';
import { inspectWheel } from '../../src/verify/pypi/wheel.ts';
import {
  type ByteSource,
  type Expected,
  INSPECTION_LIMITS,
  type Inspection,
  type InspectionLimits,
} from '../../src/verify/verify.ts';

/** Bytes in memory as a source that gives exactly what is asked, or throws as a file would. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length)
        throw new Error('read outside the file');
      return bytes.subarray(offset, offset + length);
    },
  };
}

type Rest = Partial<Omit<Expected, 'kind'>> & { readonly limits?: Partial<InspectionLimits> };

function look(kind: Expected['kind'], filename: string) {
  return (bytes: Uint8Array, { limits, ...rest }: Rest = {}): Promise<Inspection> => {
    const expected = { kind, name: 'demo', version: '1.2.3', filename, ...rest };
    return inspect(sourceOf(bytes), expected, { ...INSPECTION_LIMITS, ...limits });
  };
}

/** Inspects as `demo` 1.2.3, unless told otherwise. */
export const lookAtTarball = look('npm-tarball', 'demo-1.2.3.tgz');
export const lookAtWheel = look('wheel', 'demo-1.2.3-py3-none-any.whl');
export const lookAtSdist = look('sdist', 'demo-1.2.3.tar.gz');

/** The codes of the findings, each once, in order. */
export async function codes(inspection: Promise<Inspection>): Promise<string[]> {
  return [...new Set((await inspection).findings.map(({ code }) => code))];
}

/** What an unsafe archive looks like from outside: this finding alone, and no metadata. */
export const UNSAFE = { findings: [{ code: 'ARCHIVE_UNSAFE' }], metadata: null };

/** Why a tarball is unsafe, in our own words; for tests that must fail for one reason only. */
export async function whyUnsafe(bytes: Uint8Array, kind: Expected['kind'] = 'npm-tarball'): Promise<string> {
  const filename = kind === 'wheel' ? 'demo-1.2.3-py3-none-any.whl' : 'demo-1.2.3.tar.gz';
  const expected = { kind, name: 'demo', version: '1.2.3', filename };
  const inspectors = { 'npm-tarball': inspectNpmTarball, wheel: inspectWheel, sdist: inspectSdist };
  try {
    await inspectors[kind](sourceOf(bytes), expected, INSPECTION_LIMITS);
  } catch (error) {
    if (error instanceof ArchiveUnsafe) return error.what;
    throw error;
  }
  return 'it is not';
}

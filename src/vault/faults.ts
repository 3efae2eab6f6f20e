/** The disk has no room, or the quota is used up. Nothing was kept of what did not fit. */
export class VaultFull extends Error {
  override readonly name = 'VaultFull';
  readonly code = 'ENOSPC';
}

/** An error of the file system, as VaultFull where it says that there is no room; else as it is. */
export function diskFault(error: unknown): unknown {
  if (error instanceof VaultFull) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new VaultFull('the vault has no room left', { cause: error });
  return error;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The result, or null where the file is not there. */
export async function orNull<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

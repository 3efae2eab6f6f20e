// All figures: `npm run bench`.
await import('./ledger.ts');
console.log();
await import('./warm.ts');
console.log();
await import('./evidence.ts');
console.log();
await import('./policy.ts');
console.log();
await import('./lockfile.ts');

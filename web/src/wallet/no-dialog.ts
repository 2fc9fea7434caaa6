// Replaces @stacks/connect's dialog, which is never opened (see vite.config.ts).
export function defineCustomElements(): void {}

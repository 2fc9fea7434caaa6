// In place of @stacks/connect's own dialog, which is never opened: see vite.config.ts.
export function defineCustomElements(): void {}

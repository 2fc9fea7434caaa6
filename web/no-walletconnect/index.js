// A replacement for the WalletConnect packages, which make up two thirds of @stacks/connect, need a project id and
// connect to third-party relays. The checkout supports only wallets in the browser.
export const createAppKit = () => null;
export class UniversalConnector {}

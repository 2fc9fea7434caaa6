// Stands in for the packages of WalletConnect. They are two thirds of what @stacks/connect brings along, need a project id,
// and talk to relays of third parties; the checkout pays with wallets that are in the browser.
export const createAppKit = () => null;
export class UniversalConnector {}

// The contents of `window.SGate` when loaded by a <script>.
export * from "./elements/index";
export * from "./index";

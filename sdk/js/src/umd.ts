// The contents of `window.SGate` if this library is loaded by a <script>.
export * from "./elements/index";
export * from "./index";

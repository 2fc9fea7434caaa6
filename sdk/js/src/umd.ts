// What a <script> puts into `window.SGate`.
export * from "./elements/index";
export * from "./index";

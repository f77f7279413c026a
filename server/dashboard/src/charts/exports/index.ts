export { chartCsv, csvOf } from "./csv";
export { download, fileName, pngOf } from "./files";
export { chartSvg, heightOf, WIDTH } from "./svg";

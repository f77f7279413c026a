import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev -- --api=…` is not a thing in Vite, so the server to talk to comes from the
// environment: MLTRACK_URL, as everywhere else.
const server = process.env["MLTRACK_URL"] ?? "http://127.0.0.1:5050";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../mltrack_server/static",
    emptyOutDir: true,
    assetsDir: "assets",
    // An inlined asset would be a data: URL, which the content security policy rejects.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    // What the first page needs comes in one file: shared with this or that lazy page it would be
    // seventy, each a request that the server and the browser take a millisecond or more for.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "initial", tags: ["$initial"] }] } },
    },
  },
  server: {
    proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
  },
});

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
  },
  server: {
    proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
  },
});

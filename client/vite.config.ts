import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    // Package data of the web server.
    outDir: "../translator/web/static",
    emptyOutDir: true,
    // Our Content-Security-Policy allows no data: URLs.
    assetsInlineLimit: 0,
    // The media client alone is 550 kB; the page cannot begin without it.
    chunkSizeWarningLimit: 800,
    target: "es2022",
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["tests/**/*.test.ts"] },
});

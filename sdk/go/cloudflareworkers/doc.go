// Deploy Cloudflare Workers from immutable artifacts, with secrets that nobody can read back.
package cloudflareworkers

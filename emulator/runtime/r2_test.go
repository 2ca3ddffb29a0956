// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// TestR2BucketKeepsObjects drives the R2 emulator through workerd's own R2 binding.
func TestR2BucketKeepsObjects(t *testing.T) {
	t.Parallel()
	store := &r2.Store{}
	for _, bucket := range []r2.Bucket{{Name: "files"}, {Name: "files", Jurisdiction: "eu"}} {
		_, err := store.CreateBucket("acc", bucket)
		require.NoError(t, err)
	}
	h := newHarness(t, func(r *runtime.Runtime) {
		r.R2 = func(account, bucket, jurisdiction string) http.Handler {
			return r2.Binding{Store: store, Account: account, Bucket: bucket, Jurisdiction: jurisdiction}
		}
	})
	h.Apply(worldOf(script("api", "v1", `
		export default { async fetch(request, { R2, EU, NONE }) {
			const says = async (f) => { try { await f(); return "done"; } catch (e) { return e.message; } };
			const out = {};
			const put = await R2.put("a/b é?.txt", "hello world", {
				httpMetadata: { contentType: "text/plain", cacheControl: "no-store" },
				customMetadata: { owner: "ann" },
			});
			out.put = [put.key, put.size, put.etag.length, put.httpEtag === '"' + put.etag + '"'];
			const got = await R2.get("a/b é?.txt");
			out.got = [await got.text(), got.httpMetadata, got.customMetadata, got.etag === put.etag];
			out.range = await (await R2.get("a/b é?.txt", { range: { offset: 6, length: 3 } })).text();
			out.suffix = await (await R2.get("a/b é?.txt", { range: { suffix: 5 } })).text();
			const head = await R2.head("a/b é?.txt");
			out.head = [head.size, head.httpMetadata.contentType];
			out.none = [await R2.get("none"), await R2.head("none")];
			const stale = await R2.get("a/b é?.txt", { onlyIf: { etagMatches: "0".repeat(32) } });
			out.onlyIfGet = ["body" in stale && stale.body !== undefined, stale.key];
			out.onlyIfPut = await R2.put("a/b é?.txt", "other", { onlyIf: { etagDoesNotMatch: put.etag } });
			out.onlyIfPutNow = (await R2.put("a/b é?.txt", "HELLO world", { onlyIf: { etagMatches: put.etag } })).size;
			out.sha256 = (await says(() => R2.put("sum", "x", { sha256: "0".repeat(64) }))).endsWith("(10037)");
			await R2.put("bytes", new Uint8Array([0, 1, 255]));
			await R2.put("empty", "");
			out.empty = await (await R2.get("empty")).text();
			const upload = await R2.createMultipartUpload("big", { customMetadata: { parts: "2" } });
			const again = R2.resumeMultipartUpload("big", upload.uploadId);
			const parts = [
				await upload.uploadPart(1, new Uint8Array(5 * 1024 * 1024).fill(1)),
				await again.uploadPart(2, "tail"),
			];
			const big = await upload.complete(parts);
			out.big = [big.size, big.customMetadata, await (await R2.get("big", { range: { suffix: 4 } })).text()];
			const aborted = await R2.createMultipartUpload("aborted");
			await aborted.abort();
			out.aborted = await says(() => aborted.uploadPart(1, "x")) !== "done";
			const list = await R2.list({ include: ["customMetadata", "httpMetadata"] });
			out.list = list.objects.map((o) => [o.key, o.size, o.customMetadata]);
			const page = await R2.list({ limit: 2 });
			const rest = await R2.list({ cursor: page.cursor });
			out.pages = [page.truncated, page.objects.length, rest.truncated, rest.objects.map((o) => o.key)];
			out.delimited = (await R2.list({ delimiter: "/" })).delimitedPrefixes;
			await R2.delete(["a/b é?.txt", "bytes"]);
			await R2.delete("never");
			out.left = (await R2.list()).objects.map((o) => o.key);
			out.eu = (await EU.list()).objects.length;
			out.noBucket = await says(() => NONE.put("x", "y"));
			return Response.json(out);
		} }`,
		`{"type":"r2_bucket","name":"R2","bucket_name":"files"}`,
		`{"type":"r2_bucket","name":"EU","bucket_name":"files","jurisdiction":"eu"}`,
		`{"type":"r2_bucket","name":"NONE","bucket_name":"none"}`)))
	a := h.get("https://api.emulator.workers.dev/")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.JSONEq(t, `{
		"put": ["a/b é?.txt", 11, 32, true],
		"got": ["hello world", {"contentType":"text/plain","cacheControl":"no-store"}, {"owner":"ann"}, true],
		"range": "wor", "suffix": "world", "head": [11, "text/plain"], "none": [null, null],
		"onlyIfGet": [false, "a/b é?.txt"], "onlyIfPut": null, "onlyIfPutNow": 11,
		"sha256": true,
		"empty": "", "big": [5242884, {"parts":"2"}, "tail"], "aborted": true,
		"list": [["a/b é?.txt", 11, {}], ["big", 5242884, {"parts":"2"}], ["bytes", 3, {}], ["empty", 0, {}]],
		"pages": [true, 2, false, ["bytes", "empty"]], "delimited": ["a/"], "left": ["big", "empty"], "eu": 0,
		"noBucket": "put: The specified bucket does not exist. (10006)"
	}`, a.body)
}

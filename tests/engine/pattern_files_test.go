// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func filesPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	const bearer = "Authorization: Bearer open sesame"
	return map[string]string{"uploadToken": "open sesame"}, func(t *testing.T, s *site) {
		t.Helper()
		const path, text = "/files/a%20b/notes.txt", "0123456789"
		assert.Equal(t, http.StatusUnauthorized, s.ask(t, http.MethodPut, path, text).status)
		assert.Equal(t, http.StatusUnauthorized, s.ask(t, http.MethodDelete, path, "", "Authorization: Bearer x").status)
		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, path, "").status)
		put := s.ask(t, http.MethodPut, path, text, bearer, "Content-Type: text/plain", "Cache-Control: max-age=60")
		require.Equal(t, http.StatusCreated, put.status, put.body)

		got := s.ask(t, http.MethodGet, path, "")
		assert.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, text, got.body)
		assert.Equal(t, "text/plain", got.header.Get("Content-Type"))
		assert.Equal(t, "max-age=60", got.header.Get("Cache-Control"))
		head := s.ask(t, http.MethodHead, path, "")
		assert.Equal(t, "10", head.header.Get("Content-Length"))
		assert.Equal(t, got.header.Get("ETag"), head.header.Get("ETag"))

		for header, want := range map[string]answer{
			"Range: bytes=2-4":                         {status: http.StatusPartialContent, body: "234"},
			"Range: bytes=-3":                          {status: http.StatusPartialContent, body: "789"},
			"Range: bytes=8-":                          {status: http.StatusPartialContent, body: "89"},
			"If-None-Match: " + got.header.Get("ETag"): {status: http.StatusNotModified},
			`If-Match: "other"`:                        {status: http.StatusPreconditionFailed},
		} {
			part := s.ask(t, http.MethodGet, path, "", header)
			assert.Equal(t, want.status, part.status, header)
			assert.Equal(t, want.body, part.body, header)
		}
		part := s.ask(t, http.MethodGet, path, "", "Range: bytes=-3")
		assert.Equal(t, "bytes 7-9/10", part.header.Get("Content-Range"))
		other := s.ask(t, http.MethodPut, path, "other", bearer, `If-Match: "other"`)
		assert.Equal(t, http.StatusPreconditionFailed, other.status, other.body)

		list := s.ask(t, http.MethodGet, "/files/?prefix=a", "")
		assert.Contains(t, list.body, `"key":"a b/notes.txt","size":10`)
		assert.JSONEq(t, `{"files":[]}`, s.ask(t, http.MethodGet, "/files/?prefix=b", "").body)
		assert.Equal(t, http.StatusNoContent, s.ask(t, http.MethodDelete, path, "", bearer).status)
		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodHead, path, "").status)
		require.Equal(t, http.StatusCreated, s.ask(t, http.MethodPut, "/files/left", "behind", bearer).status)
	}
}

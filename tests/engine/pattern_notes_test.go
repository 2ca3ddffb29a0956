// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func notesPattern(*testing.T, *cloud) (config map[string]string, works proof) {
	return nil, func(t *testing.T, s *site) {
		t.Helper()
		says := func(status int, body string, got answer) {
			t.Helper()
			assert.Equal(t, status, got.status, got.body)
			assert.JSONEq(t, body, got.body)
		}
		made := s.ask(t, http.MethodPost, "/notes", `{"title":"Milk","body":"two"}`)
		says(http.StatusCreated, `{"id":1,"title":"Milk","body":"two","version":1}`, made)
		assert.Equal(t, "/notes/1", made.header.Get("Location"))
		s.ask(t, http.MethodPost, "/notes", `{"title":"'); DROP TABLE notes; --"}`)
		says(http.StatusOK, `{"notes":[{"id":1,"title":"Milk","version":1},`+
			`{"id":2,"title":"'); DROP TABLE notes; --","version":1}]}`, s.ask(t, http.MethodGet, "/notes", ""))
		says(http.StatusBadRequest, `{"error":"title must be a text of 1 to 200 characters"}`,
			s.ask(t, http.MethodPost, "/notes", `{"title":""}`))

		change := func(title, version string) answer {
			return s.ask(t, http.MethodPut, "/notes/1", `{"title":"`+title+`"}`, "If-Match: "+version)
		}
		says(http.StatusOK, `{"id":1,"title":"Oat milk","body":"","version":2}`, change("Oat milk", made.header.Get("ETag")))
		says(http.StatusPreconditionFailed, `{"error":"the note was changed meanwhile: it is at version 2"}`,
			change("Soy milk", made.header.Get("ETag")))
		assert.Equal(t, http.StatusPreconditionRequired, change("Soy milk", "*").status)
		says(http.StatusOK, `{"id":1,"title":"Oat milk","body":"","version":2}`, s.ask(t, http.MethodGet, "/notes/1", ""))
		assert.Equal(t, http.StatusNoContent, s.ask(t, http.MethodDelete, "/notes/1", "").status)
		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodDelete, "/notes/1", "").status)
		says(http.StatusNotFound, `{"error":"there is no note 1"}`, s.ask(t, http.MethodGet, "/notes/1", ""))
	}
}

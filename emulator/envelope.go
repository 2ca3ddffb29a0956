// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// envelope is the shape of every JSON answer: developers.cloudflare.com/fundamentals/api/how-to/make-api-calls.
type envelope struct {
	Result     any       `json:"result"`
	Success    bool      `json:"success"`
	Errors     []message `json:"errors"`
	Messages   []message `json:"messages"`
	ResultInfo any       `json:"result_info,omitempty"`
}

// message is an entry of an envelope's errors.
type message struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Chain   []message `json:"error_chain,omitempty"`
	Meta    any       `json:"meta,omitempty"`
}

// apiError is a refusal: what a handler returns to answer with something else than success.
type apiError struct {
	status int
	errors []message
	header http.Header // extra response headers; nil: none
}

// Error returns the first message with its code.
func (e *apiError) Error() string {
	return fmt.Sprintf("%s [code: %d]", e.errors[0].Message, e.errors[0].Code)
}

// refuse makes the refusal with one error.
func refuse(status, code int, format string, args ...any) *apiError {
	return &apiError{status: status, errors: []message{{Code: code, Message: fmt.Sprintf(format, args...)}}}
}

// listed is a result with its result_info.
type listed struct {
	result any
	info   any
}

// answered is a result with a status other than 200.
type answered struct {
	status int
	result any
}

// content is an answer that is not an envelope.
type content struct {
	contentType string
	header      map[string]string
	body        []byte
}

// written says that the handler has written the whole answer itself.
type written struct{}

// pageInfo is result_info of lists that count pages.
type pageInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// paged cuts the page that the request's page and per_page ask for. A page past the end is empty, which is what clients
// that page until an empty page wait for (cloudflare-go packages/pagination, V4PagePaginationArray).
func paged[T any](r *http.Request, all []T, perPage int) listed {
	info, part := cut(r, all, perPage)
	return listed{result: part, info: info}
}

// cut returns the page's result_info and its part of all.
func cut[T any](r *http.Request, all []T, perPage int) (pageInfo, []T) {
	page := 1
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 0 {
		page = n
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil && n > 0 {
		perPage = n
	}
	from := min((page-1)*perPage, len(all))
	part := all[from:min(from+perPage, len(all))]
	if part == nil {
		part = []T{}
	}
	return pageInfo{
		Page: page, PerPage: perPage, Count: len(part), TotalCount: len(all),
		TotalPages: max(1, (len(all)+perPage-1)/perPage),
	}, part
}

// respond writes what a handler returned.
func respond(w http.ResponseWriter, result any, err error) {
	status, body := http.StatusOK, envelope{Success: true, Errors: []message{}, Messages: []message{}}
	var refusal *apiError
	switch {
	case errors.As(err, &refusal):
		maps.Copy(w.Header(), refusal.header)
		status, body.Success, body.Errors = refusal.status, false, refusal.errors
	case err != nil:
		// 10013 is the Workers API's "An unknown error has occurred" (workers-sdk,
		// packages/wrangler/src/__tests__/helpers/mock-workers-subdomain.ts).
		status, body.Success = http.StatusInternalServerError, false
		body.Errors = []message{{Code: 10013, Message: "An unknown error has occurred: " + err.Error()}}
	default:
		switch v := result.(type) {
		case written:
			return
		case content:
			v.write(w)
			return
		case listed:
			body.Result, body.ResultInfo = v.result, v.info
		case answered:
			status, body.Result = v.status, v.result
		default:
			body.Result = v
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	// A client that went away cannot be told.
	_, _ = w.Write(text.Bytes())
}

func (c content) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", c.contentType)
	for name, value := range c.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(c.body)))
	_, _ = w.Write(c.body)
}

// timestamp is a time as the API writes it: RFC 3339 with microseconds, in UTC.
type timestamp time.Time

// MarshalJSON implements [json.Marshaler].
func (t timestamp) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *timestamp) UnmarshalJSON(text []byte) error {
	return (*time.Time)(t).UnmarshalJSON(text)
}

// String returns the time as in JSON, without the quotes.
func (t timestamp) String() string {
	return time.Time(t).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator"
)

// account and zone are the paths of what a server with zero fields has.
const (
	account = "/accounts/" + emulator.DefaultAccountID
	zone    = "/zones/" + emulator.DefaultZoneID
	scripts = account + "/workers/scripts/"
)

// client talks to a server as an HTTP client does.
type client struct {
	t       *testing.T
	server  *emulator.Server
	url     string
	headers http.Header
}

// reply is an answer of the API, whatever its kind.
type reply struct {
	Status  int
	Header  http.Header
	Body    string
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"`
	Info    map[string]any  `json:"result_info"`
	Errors  []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// start serves s for the time of the test.
func start(t *testing.T, s *emulator.Server) *client {
	t.Helper()
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		require.NoError(t, s.Close())
	})
	headers := http.Header{"Authorization": {"Bearer " + emulator.DefaultToken}}
	return &client{t: t, server: s, url: web.URL + "/client/v4", headers: headers}
}

// send makes a request; a body that is not a string is sent as JSON.
func (c *client) send(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	var text io.Reader
	kind := "application/json"
	switch body := body.(type) {
	case nil:
	case string:
		text, kind = strings.NewReader(body), "text/plain"
	case form:
		data, contentType := body.encode(c.t)
		text, kind = bytes.NewReader(data), contentType
	default:
		data, err := json.Marshal(body)
		require.NoError(c.t, err)
		text = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, text)
	require.NoError(c.t, err)
	request.Header = c.headers.Clone()
	if text != nil {
		request.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, response.Body.Close()) }()
	data, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	got := reply{Status: response.StatusCode, Header: response.Header, Body: string(data)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		require.NoError(c.t, json.Unmarshal(data, &got))
	}
	return got
}

// must makes a request that has to succeed and decodes its result into v, unless v is nil.
func (c *client) must(method, path string, body, v any, headers ...string) reply {
	c.t.Helper()
	got := c.send(method, path, body, headers...)
	require.Truef(c.t, got.Success, "%s %s: status %d: %s", method, path, got.Status, got.Body)
	if v != nil {
		require.NoError(c.t, json.Unmarshal(got.Result, v))
	}
	return got
}

// refused makes a request that has to be refused with the status and the code.
func (c *client) refused(status, code int, method, path string, body any, headers ...string) reply {
	c.t.Helper()
	got := c.send(method, path, body, headers...)
	require.Equalf(c.t, status, got.Status, "%s %s: %s", method, path, got.Body)
	require.NotEmpty(c.t, got.Errors)
	require.Equalf(c.t, code, got.Errors[0].Code, "%s %s: %s", method, path, got.Body)
	require.False(c.t, got.Success)
	return got
}

// part is a part of a multipart body.
type part struct {
	name, contentType, text string
}

// form is a multipart body.
type form []part

func (f form) encode(t *testing.T) ([]byte, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range f {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.name + `"; filename="` + p.name + `"`}}
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		part, err := w.CreatePart(header)
		require.NoError(t, err)
		_, err = io.WriteString(part, p.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return body.Bytes(), w.FormDataContentType()
}

// object is a JSON object in a test.
type object map[string]any

// hello is a Worker's code.
const hello = `export default { fetch() { return new Response("hello") } }`

// worker is an upload of one module with the metadata, of which main_module and compatibility_date may be left out.
func worker(t *testing.T, code string, metadata object) form {
	t.Helper()
	all := object{"main_module": "index.js", "compatibility_date": "2026-01-01"}
	maps.Copy(all, metadata)
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return form{
		{name: "metadata", contentType: "application/json", text: string(text)},
		{name: "index.js", contentType: "application/javascript+module", text: code},
	}
}

// upload puts a Worker and returns its version's id.
func (c *client) upload(name, code string, metadata object) string {
	c.t.Helper()
	var got struct {
		DeploymentID string `json:"deployment_id"`
	}
	c.must(http.MethodPut, scripts+name+"?bindings_inherit=strict", worker(c.t, code, metadata), &got)
	id := got.DeploymentID
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// version uploads a version and returns its id.
func (c *client) version(name, code string, metadata object) string {
	c.t.Helper()
	var got struct {
		ID string `json:"id"`
	}
	c.must(http.MethodPost, scripts+name+"/versions?bindings_inherit=strict", worker(c.t, code, metadata), &got)
	return got.ID
}

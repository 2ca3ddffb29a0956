// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABindingIsReadByItsType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   string
		want Binding
	}{
		{`{"name":"A","type":"plain_text","text":"x"}`, Binding{Name: "A", Type: "plain_text", Text: "x"}},
		{`{"name":"A","type":"secret_text"}`, Binding{Name: "A", Type: "secret_text"}},
		{
			`{"name":"A","type":"json","json":[1,{"b":null}]}`,
			Binding{Name: "A", Type: "json", JSON: json.RawMessage(`[1,{"b":null}]`)},
		},
		{`{"name":"A","type":"kv_namespace","namespace_id":"n"}`, Binding{Name: "A", Type: "kv_namespace", NamespaceID: "n"}},
		{
			`{"name":"A","type":"r2_bucket","bucket_name":"b","jurisdiction":"eu"}`,
			Binding{Name: "A", Type: "r2_bucket", BucketName: "b", Jurisdiction: "eu"},
		},
		{
			`{"name":"A","type":"service","service":"s","environment":"production","entrypoint":"E"}`,
			Binding{Name: "A", Type: "service", Service: "s", Environment: "production", Entrypoint: "E"},
		},
		{
			`{"name":"A","type":"inherit","old_name":"B","version_id":"v"}`,
			Binding{Name: "A", Type: "inherit", OldName: "B", VersionID: "v"},
		},
		{
			`{"name":"A","type":"secret_key","format":"raw","algorithm":{"name":"HMAC"},"usages":["sign"]}`,
			Binding{
				Name: "A", Type: "secret_key", Format: "raw", Algorithm: json.RawMessage(`{"name":"HMAC"}`),
				Usages: []string{"sign"},
			},
		},
		{`{"name":"A","type":"of tomorrow","text":{"not":"text"},"json":1}`, Binding{Name: "A", Type: "of tomorrow"}},
	} {
		var got Binding
		require.NoError(t, json.Unmarshal([]byte(test.in), &got))
		test.want.Raw = json.RawMessage(test.in)
		assert.Equal(t, test.want, got)

		out, err := json.Marshal(got)
		require.NoError(t, err)
		assert.JSONEq(t, test.in, string(out), "what is read can be sent again")
	}
	var b Binding
	require.Error(t, json.Unmarshal([]byte(`{"name":1}`), &b))
	require.Error(t, json.Unmarshal([]byte(`{"type":"plain_text","text":1}`), &b))
}

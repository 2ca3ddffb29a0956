// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
)

// A boundTo is a member of a binding, as programs set it, and what each of its
// inputs can be changed to.
type boundTo struct {
	inputs  object
	changed map[string]any // by path, with dots
}

// boundKinds are the members of a binding that the account can be told to have, by
// name. A member without inputs can only be there or not.
func boundKinds(w world) map[string]boundTo {
	one := func(name string, value, changed any) boundTo {
		return boundTo{object{name: value}, map[string]any{name: changed}}
	}
	nothing := boundTo{inputs: object{}}
	return map[string]boundTo{
		"d1Database": one("id", w.ids["d1 one"], w.ids["d1 two"]),
		"queue": {
			object{"name": "one", "deliveryDelay": 5}, map[string]any{"name": "two", "deliveryDelay": 6},
		},
		"service": {
			object{"name": "auth", "entrypoint": "Admin", "props": object{"tenant": "a"}},
			map[string]any{"name": "other-auth", "entrypoint": "Guest", "props": object{"tenant": "b"}},
		},
		"workflow": {
			object{"name": "signup", "className": "Signup", "scriptName": "auth"},
			map[string]any{"name": "orders", "className": "Orders", "scriptName": "other-auth"},
		},
		"hyperdrive":        one("id", w.ids["hyperdrive one"], w.ids["hyperdrive two"]),
		"vectorize":         one("indexName", "one", "two"),
		"mtlsCertificate":   one("certificateId", w.ids["certificate one"], w.ids["certificate two"]),
		"aiSearch":          one("instanceName", "one", "two"),
		"aiSearchNamespace": one("namespace", "one", "two"),
		"analyticsEngine":   one("dataset", "one", "two"),
		"dispatchNamespace": {
			object{"namespace": "one", "outbound": object{"service": "auth", "parameters": []any{"a"}}},
			map[string]any{"namespace": "two", "outbound.service": "other-auth", "outbound.parameters": []any{"b"}},
		},
		"pipeline": {
			object{"stream": "one"}, map[string]any{"stream": "two"},
		},
		"sendEmail": {
			object{"allowedDestinationAddresses": []any{"a@example.com"}, "allowedSenderAddresses": []any{"b@example.com"}},
			map[string]any{
				"allowedDestinationAddresses": []any{"c@example.com"}, "allowedSenderAddresses": []any{"c@example.com"},
			},
		},
		"rateLimit": {
			object{"namespaceId": "1001", "simple": object{"limit": 10, "period": 60}},
			map[string]any{"namespaceId": "1002", "simple.limit": 11, "simple.period": 10},
		},
		"secretsStoreSecret": {
			object{"storeId": w.ids["store"], "secretName": "one"}, map[string]any{"secretName": "two"},
		},
		"secretKey": {
			object{"format": "jwk", "algorithm": "HMAC", "usages": []any{"sign"}, "keyJwk": jwk("one")},
			map[string]any{
				"algorithm": object{"name": "HMAC", "hash": "SHA-512"}, "usages": []any{"verify"}, "keyJwk": jwk("two"),
			},
		},
		"vpcService": one("serviceId", "one", "two"),
		"vpcNetwork": one("tunnelId", "one", "two"),
		"logfwdr":    one("destination", "one", "two"),
		"durableObjectNamespace": {
			object{"className": "Room", "scriptName": "rooms"}, map[string]any{"className": "Lobby"},
		},
		"raw": {
			object{"type": "unsafe_hello_world", "fields": object{"enable_timer": true}},
			map[string]any{"fields": object{"enable_timer": false}},
		},
		"flagship":        one("appId", "one", "two"),
		"agentMemory":     one("namespace", "one", "two"),
		"artifacts":       one("namespace", "one", "two"),
		"ai":              nothing,
		"browser":         nothing,
		"images":          nothing,
		"media":           nothing,
		"stream":          nothing,
		"webSearch":       nothing,
		"workerLoader":    nothing,
		"versionMetadata": nothing,
	}
}

// prepareForBindings makes what a Worker can be bound to, two of each kind.
func prepareForBindings(w world) {
	w.t.Helper()
	prepareForWorkers(w)
	client, ctx := w.client(), w.t.Context()
	own := "/accounts/" + account
	w.ids["store"] = w.create(own+"/secrets_store/stores", object{"name": "default"})
	for _, name := range []string{"one", "two"} {
		d, err := client.CreateD1Database(ctx, account, cfapi.D1DatabaseInput{Name: name})
		require.NoError(w.t, err)
		w.ids["d1 "+name] = d.ID
		_, err = client.CreateQueue(ctx, account, name, cfapi.QueueSettings{})
		require.NoError(w.t, err)
		_, err = client.CreateStoreSecret(ctx, account, w.ids["store"], cfapi.StoreSecretInput{
			Name: name, Value: "x", Scopes: []string{"workers"},
		})
		require.NoError(w.t, err)
		w.ids["hyperdrive "+name] = w.create(own+"/hyperdrive/configs", object{"name": name, "origin": object{
			"scheme": "postgresql", "host": "db.example.com", "port": 5432, "database": "app", "user": "app", "password": "x",
		}})
		w.create(own+"/vectorize/v2/indexes", object{
			"name": name, "config": object{"dimensions": 32, "metric": "cosine"},
		})
		w.create(own+"/workers/dispatch/namespaces", object{"name": name})
		w.ids["certificate "+name] = w.create(own+"/mtls_certificates", object{
			"name": name, "ca": true, "certificates": authority(),
		})
	}
	w.putClasses("rooms", "Room", "Lobby")
}

// authority is a certificate of a certificate authority, in PEM: that of the standard library's servers for tests.
var authority = sync.OnceValue(func() string {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
})

// workerBindings is a Worker that is bound to everything at once.
func workerBindings() subject {
	subject := cloudflareWorker()
	subject.name, subject.prepare, subject.drifts = "CloudflareWorker with all bindings", prepareForBindings, nil
	subject.program = func(w world) object {
		bindings := object{}
		for kind, bound := range boundKinds(w) {
			bindings[strings.ToUpper(kind)] = object{kind: bound.inputs}
		}
		return object{
			"scriptName": "api", "bundle": w.builds["v1"].reference(), "mainModule": "index.js",
			"compatibilityDate": "2026-01-01", "bindings": bindings,
		}
	}
	subject.changes = nil
	example := boundKinds(world{ids: map[string]string{}})
	for _, kind := range slices.Sorted(maps.Keys(example)) {
		name := strings.ToUpper(kind)
		if len(example[kind].inputs) == 0 {
			subject.changes = append(subject.changes, change{
				name: kind + " removed", covers: []string{"bindings.*." + kind},
				edit: func(_ world, o object) object { return o.with(nil, "bindings", name) },
				diff: map[string]p.DiffKind{"bindings." + name: p.Delete},
			})
		}
		for _, path := range slices.Sorted(maps.Keys(example[kind].changed)) {
			input := kind + "." + path
			subject.changes = append(subject.changes, change{
				name: input + " changed", covers: []string{"bindings.*." + input},
				edit: func(w world, o object) object {
					at := append([]string{"bindings", name, kind}, strings.Split(path, ".")...)
					return o.with(boundKinds(w)[kind].changed[path], at...)
				},
				diff: map[string]p.DiffKind{"bindings." + name + "." + input + deeper[input]: p.Update},
			})
		}
	}
	subject.changes = append(subject.changes, change{
		name: "a key in another format", covers: []string{"bindings.*.secretKey.format", "bindings.*.secretKey.keyBase64"},
		edit: func(_ world, o object) object {
			key := object{"format": "raw", "algorithm": "HMAC", "usages": []any{"sign"}, "keyBase64": keyBytes("three")}
			return o.with(object{"secretKey": key}, "bindings", "SECRETKEY")
		},
		diff: map[string]p.DiffKind{
			"bindings.SECRETKEY.secretKey.format": p.Update, "bindings.SECRETKEY.secretKey.keyBase64": p.Add,
			"bindings.SECRETKEY.secretKey.keyJwk": p.Delete,
		},
	})
	subject.unreadable = maps.Clone(subject.unreadable)
	subject.unreadable["bindings.SECRETKEY.secretKey.keyJwk"] = "Cloudflare never gives a key back"
	maps.Copy(subject.waived, map[string]string{
		"bindings.*.assets":                            "needs static assets",
		"bindings.*.wasmModule.part":                   "is for service-worker syntax",
		"bindings.*.textBlob.part":                     "is for service-worker syntax",
		"bindings.*.dataBlob.part":                     "is for service-worker syntax",
		"bindings.*.pipeline.pipeline":                 "excludes stream; read like it (provider/worker_upload_test.go)",
		"bindings.*.vpcNetwork.networkId":              "excludes tunnelId; read like it (provider/worker_upload_test.go)",
		"bindings.*.sendEmail.destinationAddress":      "excludes the list; read like it (provider/worker_upload_test.go)",
		"bindings.*.durableObjectNamespace.scriptName": "another Worker would need the same class",
		"bindings.*.secretsStoreSecret.storeId":        "an account has one store",
		"bindings.*.raw.type":                          "the emulator knows one type that the provider does not",
	})
	return subject
}

// deeper is where in an input a preview finds the difference.
var deeper = map[string]string{
	"service.props": ".tenant", "dispatchNamespace.outbound.parameters": "[0]", "raw.fields": ".enable_timer",
	"sendEmail.allowedDestinationAddresses": "[0]", "sendEmail.allowedSenderAddresses": "[0]", "secretKey.usages": "[0]",
}

// create makes something for which nobody has a client, and returns its id.
func (w world) create(path string, body any) string {
	w.t.Helper()
	var made struct {
		Result struct{ ID string }
	}
	require.NoError(w.t, w.send(http.MethodPost, path, body, &made))
	return made.Result.ID
}

// putClasses deploys a Worker with classes of Durable Objects.
func (w world) putClasses(script string, classes ...string) {
	w.t.Helper()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	metadata, err := json.Marshal(map[string]any{
		"main_module": "index.js", "bindings": []any{},
		"migrations": map[string]any{"new_tag": "v1", "new_sqlite_classes": classes},
	})
	require.NoError(w.t, err)
	require.NoError(w.t, parts.WriteField("metadata", string(metadata)))
	head := textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="index.js"; filename="index.js"`},
		"Content-Type":        {"application/javascript+module"},
	}
	module, err := parts.CreatePart(head)
	require.NoError(w.t, err)
	_, err = module.Write([]byte("export default {}"))
	require.NoError(w.t, err)
	require.NoError(w.t, parts.Close())
	path := "/accounts/" + account + "/workers/scripts/" + script
	require.NoError(w.t, w.sendBody(http.MethodPut, path, parts.FormDataContentType(), &form, nil))
}

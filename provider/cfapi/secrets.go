// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// maxSecrets is how many secrets one request may change (wrangler,
// packages/wrangler/src/secret/index.ts).
const maxSecrets = 100

// mergePatch is the content type of RFC 7396, in which null removes a member.
const mergePatch = "application/merge-patch+json"

// typeSecretText is the type of a binding whose value cannot be read.
const typeSecretText = "secret_text"

// typeSecretKey is the type of a binding to a key, which cannot be read either.
const typeSecretKey = "secret_key"

// secretText is a secret of a Worker as the API takes it.
type secretText struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
	Text string `json:"text"`
}

// Secrets returns the names of a Worker's secrets, sorted. They are those of its
// newest version, whether it is deployed or not. The values cannot be read.
func (c *Client) Secrets(ctx context.Context, account, script string) ([]string, error) {
	var secrets []struct {
		Name string `json:"name"`
	}
	path := fmt.Sprintf("/accounts/%s/workers/scripts/%s/secrets", segment(account), segment(script))
	if err := c.get(ctx, APIWorkers, fmt.Sprintf("list secrets of worker %q", script), path, &secrets); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(secrets))
	for _, s := range secrets {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names, nil
}

// PatchSecrets sets secrets of a Worker, and deletes those whose value is nil, at
// most 100 together; the others stay. It makes a version and deploys it at once to
// all requests. Cloudflare refuses it, with code 10215, unless the newest version is
// the one that serves all requests; [Client.PatchLatestVersion] is for that case.
// It is not repeated when the response is lost, since each success makes a version.
// Without changes it sends nothing.
func (c *Client) PatchSecrets(
	ctx context.Context, account, script string, changes map[string]*string,
) error {
	if len(changes) == 0 {
		return nil
	}
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("change %d secrets of worker %q", len(changes), script))
	if len(changes) > maxSecrets {
		return call.failed(errTooManySecrets)
	}
	call.keepSecret(changes)
	secrets := make(map[string]*secretText, len(changes))
	for name, value := range changes {
		secrets[name] = nil
		if value != nil {
			secrets[name] = &secretText{Name: name, Type: typeSecretText, Text: *value}
		}
	}
	return c.send(ctx, call, direct{
		method: http.MethodPatch,
		path:   fmt.Sprintf("/accounts/%s/workers/scripts/%s/secrets-bulk", segment(account), segment(script)),
		kind:   mergePatch,
		body:   map[string]any{"secrets": secrets},
	}, nil)
}

// PatchLatestVersion makes a version like the newest one of a Worker, with secrets
// set, and without those whose value is nil, and does not deploy it. An empty
// message is not sent. The request is wrangler's (packages/wrangler/src/versions/
// secrets/index.ts). A name whose value is nil is removed whatever it is bound to.
func (c *Client) PatchLatestVersion(
	ctx context.Context, account, script string, changes map[string]*string, message string,
) (versionID string, err error) {
	ctx, call := begin(ctx, APIWorkers, fmt.Sprintf("change %d secrets of the newest version of worker %q",
		len(changes), script))
	call.repeatable = true // a second version that nobody deploys does nothing
	call.keepSecret(changes)
	env := make(map[string]*secretText, len(changes))
	for name, value := range changes {
		env[name] = nil
		if value != nil {
			env[name] = &secretText{Type: typeSecretText, Text: *value}
		}
	}
	body := map[string]any{"env": env}
	if message != "" {
		body["annotations"] = map[string]string{"workers/message": message}
	}
	var version struct {
		ID string `json:"id"`
	}
	if err := c.send(ctx, call, direct{
		method: http.MethodPatch,
		path:   fmt.Sprintf("/accounts/%s/workers/workers/%s/versions/latest", segment(account), segment(script)),
		kind:   mergePatch,
		body:   body,
	}, &version); err != nil {
		return "", err
	}
	if version.ID == "" {
		return "", call.incomplete("version id")
	}
	return version.ID, nil
}

var errTooManySecrets = fmt.Errorf("more than %d secrets in one request", maxSecrets)

// keepSecret keeps the values out of everything that is printed.
func (c *call) keepSecret(changes map[string]*string) {
	values := make([]string, 0, len(changes))
	for _, value := range changes {
		if value != nil {
			values = append(values, *value)
		}
	}
	c.secrets = redactorOf(values...)
}

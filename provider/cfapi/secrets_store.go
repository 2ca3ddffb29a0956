// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	secretsstore "github.com/cloudflare/cloudflare-go/v7/secrets_store"
)

// StoreSecret is a secret in a store of Secrets Store. Its value cannot be read.
type StoreSecret struct {
	ID       string
	StoreID  string
	Name     string // unique in the store
	Comment  string
	Status   string   // "pending", at first, "active" or "deleted"
	Scopes   []string // the products that may use it: "workers", "ai_gateway", …
	Created  time.Time
	Modified time.Time
}

// StoreSecretInput is a secret to make. Value is never printed; an empty Comment is
// not sent.
type StoreSecretInput struct {
	Name, Value, Comment string
	Scopes               []string
}

// StoreSecretChange is what to change of a secret. What is nil stays; an empty
// Comment removes it. A secret cannot be renamed.
type StoreSecretChange struct {
	Value   *string // never printed
	Comment *string
	Scopes  []string
}

// CreateStoreSecret makes a secret in a store. It is not repeated when the response
// is lost. If the name is taken in the store, the error is [ErrConflict]; the same
// code (1003) stands for too many of something, so that a caller who does not find
// the name there has met a limit.
func (c *Client) CreateStoreSecret(
	ctx context.Context, account, store string, in StoreSecretInput,
) (StoreSecret, error) {
	ctx, call := begin(ctx, APISecretsStore, fmt.Sprintf("create secret %q in store %q", in.Name, store))
	call.secrets = redactorOf(in.Value)
	var params secretsstore.StoreSecretNewParams
	params.AccountID.Value = segment(account)
	var body secretsstore.StoreSecretNewParamsBody
	body.Name.Value, body.Name.Present = in.Name, true
	body.Value.Value, body.Value.Present = in.Value, true
	body.Comment.Value, body.Comment.Present = in.Comment, in.Comment != ""
	body.Scopes.Value, body.Scopes.Present = []secretsstore.StoreSecretNewParamsBodyScope{}, true
	for _, scope := range in.Scopes {
		body.Scopes.Value = append(body.Scopes.Value, secretsstore.StoreSecretNewParamsBodyScope(scope))
	}
	params.Body = []secretsstore.StoreSecretNewParamsBody{body}
	got, err := c.api().stores.Secrets.New(ctx, segment(store), params)
	if err != nil {
		return StoreSecret{}, call.failed(err)
	}
	if len(got.Result) == 0 {
		return StoreSecret{}, call.incomplete("secret")
	}
	return storeSecret(call, got.Result[0].JSON.RawJSON())
}

// StoreSecret returns the secret with the id.
func (c *Client) StoreSecret(ctx context.Context, account, store, id string) (StoreSecret, error) {
	ctx, call := begin(ctx, APISecretsStore, fmt.Sprintf("read secret %q in store %q", id, store))
	var params secretsstore.StoreSecretGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().stores.Secrets.Get(ctx, segment(store), segment(id), params)
	if err != nil {
		return StoreSecret{}, call.failed(err)
	}
	return storeSecret(call, got.JSON.RawJSON())
}

// StoreSecrets returns all secrets of a store, with one request for each hundred of
// them.
func (c *Client) StoreSecrets(ctx context.Context, account, store string) ([]StoreSecret, error) {
	var all []StoreSecret
	for page := int64(1); ; page++ {
		ctx, call := begin(ctx, APISecretsStore, fmt.Sprintf("list secrets in store %q", store))
		var params secretsstore.StoreSecretListParams
		params.AccountID.Value = segment(account)
		params.Page.Value, params.Page.Present = page, true
		params.PerPage.Value, params.PerPage.Present = pageSize, true
		got, err := c.api().stores.Secrets.List(ctx, segment(store), params)
		if err != nil {
			return nil, call.failed(err)
		}
		for i := range got.Result {
			secret, err := storeSecret(call, got.Result[i].JSON.RawJSON())
			if err != nil {
				return nil, err
			}
			all = append(all, secret)
		}
		if lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// ChangeStoreSecret changes a secret and returns it as it is then. Workers that are
// bound to it get a new value without a new version.
func (c *Client) ChangeStoreSecret(
	ctx context.Context, account, store, id string, change StoreSecretChange,
) (StoreSecret, error) {
	ctx, call := begin(ctx, APISecretsStore, fmt.Sprintf("change secret %q in store %q", id, store))
	call.repeatable = true // the second time it is as it should be
	var params secretsstore.StoreSecretEditParams
	params.AccountID.Value = segment(account)
	if change.Value != nil {
		call.secrets = redactorOf(*change.Value)
		params.Value.Value, params.Value.Present = *change.Value, true
	}
	if change.Comment != nil {
		params.Comment.Value, params.Comment.Present = *change.Comment, true
	}
	if change.Scopes != nil {
		params.Scopes.Value, params.Scopes.Present = []secretsstore.StoreSecretEditParamsScope{}, true
		for _, scope := range change.Scopes {
			params.Scopes.Value = append(params.Scopes.Value, secretsstore.StoreSecretEditParamsScope(scope))
		}
	}
	got, err := c.api().stores.Secrets.Edit(ctx, segment(store), segment(id), params)
	if err != nil {
		return StoreSecret{}, call.failed(err)
	}
	return storeSecret(call, got.JSON.RawJSON())
}

// DeleteStoreSecret removes a secret, also one that Workers are bound to: theirs
// then fails when they read it.
func (c *Client) DeleteStoreSecret(ctx context.Context, account, store, id string) error {
	ctx, call := begin(ctx, APISecretsStore, fmt.Sprintf("delete secret %q in store %q", id, store))
	var params secretsstore.StoreSecretDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().stores.Secrets.Delete(ctx, segment(store), segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// storeSecret reads a secret of a response. cloudflare-go has a type of it for each
// method, all alike.
func storeSecret(call *call, raw string) (StoreSecret, error) {
	var s struct {
		ID       string    `json:"id"`
		StoreID  string    `json:"store_id"`
		Name     string    `json:"name"`
		Comment  string    `json:"comment"`
		Status   string    `json:"status"`
		Scopes   []string  `json:"scopes"`
		Created  time.Time `json:"created"`
		Modified time.Time `json:"modified"`
	}
	if raw == "" {
		return StoreSecret{}, call.incomplete("secret")
	}
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return StoreSecret{}, call.failed(err)
	}
	if s.ID == "" {
		return StoreSecret{}, call.incomplete("secret id")
	}
	return StoreSecret(s), nil
}

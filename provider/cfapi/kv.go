// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"context"
	"fmt"

	"github.com/cloudflare/cloudflare-go/v7/kv"
)

// KVNamespace is a namespace of Workers KV.
type KVNamespace struct {
	ID    string
	Title string // unique in the account
}

// KVNamespace returns the namespace with the id.
func (c *Client) KVNamespace(ctx context.Context, account, id string) (KVNamespace, error) {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("read KV namespace %q", id))
	var params kv.NamespaceGetParams
	params.AccountID.Value = segment(account)
	got, err := c.api().namespaces.Get(ctx, segment(id), params)
	if err != nil {
		return KVNamespace{}, call.failed(err)
	}
	return kvNamespace(call, got)
}

// KVNamespaces returns all namespaces of the account, with one request for each
// hundred of them.
func (c *Client) KVNamespaces(ctx context.Context, account string) ([]KVNamespace, error) {
	var all []KVNamespace
	for page := 1; ; page++ {
		ctx, call := begin(ctx, APIKV, "list KV namespaces")
		var params kv.NamespaceListParams
		params.AccountID.Value = segment(account)
		params.Page.Value, params.Page.Present = float64(page), true
		params.PerPage.Value, params.PerPage.Present = pageSize, true
		got, err := c.api().namespaces.List(ctx, params)
		if err != nil {
			return nil, call.failed(err)
		}
		for _, n := range got.Result {
			all = append(all, KVNamespace{ID: n.ID, Title: n.Title})
		}
		if lastPage(len(got.Result), got.ResultInfo.PerPage) {
			return all, nil
		}
	}
}

// CreateKVNamespace makes a namespace. It is not repeated when the response is
// lost. If the title is taken, the error is [ErrConflict].
func (c *Client) CreateKVNamespace(ctx context.Context, account, title string) (KVNamespace, error) {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("create KV namespace %q", title))
	var params kv.NamespaceNewParams
	params.AccountID.Value = segment(account)
	params.Title.Value, params.Title.Present = title, true
	got, err := c.api().namespaces.New(ctx, params)
	if err != nil {
		return KVNamespace{}, call.failed(err)
	}
	return kvNamespace(call, got)
}

// RenameKVNamespace changes the title of a namespace. If the title is taken, the
// error is [ErrConflict].
func (c *Client) RenameKVNamespace(ctx context.Context, account, id, title string) error {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("rename KV namespace %q to %q", id, title))
	var params kv.NamespaceUpdateParams
	params.AccountID.Value = segment(account)
	params.Title.Value, params.Title.Present = title, true
	if _, err := c.api().namespaces.Update(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

// DeleteKVNamespace removes a namespace with all its keys.
func (c *Client) DeleteKVNamespace(ctx context.Context, account, id string) error {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("delete KV namespace %q", id))
	var params kv.NamespaceDeleteParams
	params.AccountID.Value = segment(account)
	if _, err := c.api().namespaces.Delete(ctx, segment(id), params); err != nil {
		return call.failed(err)
	}
	return nil
}

func kvNamespace(call *call, n *kv.Namespace) (KVNamespace, error) {
	if n.ID == "" {
		return KVNamespace{}, call.incomplete("namespace id")
	}
	return KVNamespace{ID: n.ID, Title: n.Title}, nil
}

// KVNamespaceIsEmpty reports whether a namespace holds no key.
func (c *Client) KVNamespaceIsEmpty(ctx context.Context, account, id string) (bool, error) {
	ctx, call := begin(ctx, APIKV, fmt.Sprintf("list the keys of KV namespace %q", id))
	var params kv.NamespaceKeyListParams
	params.AccountID.Value = segment(account)
	params.Limit.Value, params.Limit.Present = fewestKeys, true
	got, err := c.api().namespaces.Keys.List(ctx, segment(id), params)
	if err != nil {
		return false, call.failed(err)
	}
	return len(got.Result) == 0, nil
}

// fewestKeys is the least number of keys that can be asked for.
const fewestKeys = 10

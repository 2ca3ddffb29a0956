// SPDX-License-Identifier: Apache-2.0

package emulator

import "net/http"

// Codes of dispatch namespaces. 100119 with its text was recorded from the live API by alchemy-run/alchemy (see
// products.checkProduct); 100120 is what its client of the API has for a name that is taken, the text of which is ours.
const (
	codeNoDispatchNamespace    = 100119
	codeDispatchNamespaceTaken = 100120
)

// dispatchNamespace is a namespace of Workers for Platforms, without Workers.
type dispatchNamespace struct {
	ID       string    `json:"id"` // a UUID
	Name     string    `json:"name"`
	Created  timestamp `json:"created"`
	Modified timestamp `json:"modified"`
}

// view is the namespace as the API shows it (cloudflare-go workers_for_platforms.DispatchNamespaceGetResponse).
func (d *dispatchNamespace) view() map[string]any {
	return map[string]any{
		"namespace_id": d.ID, "namespace_name": d.Name, "script_count": 0, "trusted_workers": false,
		"created_on": d.Created, "created_by": userID(), "modified_on": d.Modified, "modified_by": userID(),
	}
}

func noDispatchNamespace(status int) error {
	return refuse(status, codeNoDispatchNamespace, "The specified dispatch namespace does not exist on this account.")
}

// dispatchNamespace returns the namespace that the path names.
func (c *call) dispatchNamespace() (*dispatchNamespace, error) {
	if d := c.account.Dispatch[c.path("namespace")]; d != nil {
		return d, nil
	}
	return nil, noDispatchNamespace(http.StatusNotFound)
}

// listDispatchNamespaces answers GET /accounts/{account}/workers/dispatch/namespaces, in one page (cloudflare-go
// workers_for_platforms.DispatchNamespaceService).
func listDispatchNamespaces(c *call) (any, error) {
	views := []any{}
	for _, d := range sorted(c.account.Dispatch) {
		views = append(views, d.view())
	}
	return views, nil
}

// createDispatchNamespace answers POST /accounts/{account}/workers/dispatch/namespaces (cloudflare-go
// workers_for_platforms.DispatchNamespaceNewParams). What a name may be has no source, but that it is needed.
func createDispatchNamespace(c *call) (any, error) {
	var want struct {
		Name string `json:"name"`
	}
	if err := c.decode(&want, codeBadRequestBody); err != nil {
		return nil, err
	}
	switch {
	case want.Name == "":
		return nil, refuse(http.StatusBadRequest, codeBadRequestBody, "a dispatch namespace needs a name")
	case c.account.Dispatch[want.Name] != nil:
		return nil, refuse(http.StatusConflict, codeDispatchNamespaceTaken,
			"A dispatch namespace of the name '%s' already exists.", want.Name)
	}
	d := &dispatchNamespace{ID: newUUID(), Name: want.Name, Created: c.now(), Modified: c.now()}
	c.account.Dispatch = kept(c.account.Dispatch, d.Name, d)
	return d.view(), nil
}

// getDispatchNamespace answers GET /accounts/{account}/workers/dispatch/namespaces/{namespace}.
func getDispatchNamespace(c *call) (any, error) {
	d, err := c.dispatchNamespace()
	if err != nil {
		return nil, err
	}
	return d.view(), nil
}

// deleteDispatchNamespace answers DELETE /accounts/{account}/workers/dispatch/namespaces/{namespace}. That Workers are
// bound to it is no obstacle: a best guess.
func deleteDispatchNamespace(c *call) (any, error) {
	d, err := c.dispatchNamespace()
	if err != nil {
		return nil, err
	}
	delete(c.account.Dispatch, d.Name)
	return nil, nil
}

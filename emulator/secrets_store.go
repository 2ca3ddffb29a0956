// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits of Secrets Store: developers.cloudflare.com/secrets-store/manage-secrets (September 2026). The API description
// has none for the length of a name or of a comment.
const (
	maxStores        = 1       // in an account
	maxStoredSecrets = 100     // in an account
	maxStoredValue   = 1 << 16 // bytes of a value
)

// The codes of Secrets Store say little, and the words beside them the rest. Those of a store or a secret that is not
// there: workers-sdk, packages/wrangler/e2e/secrets-store.test.ts. The others: alchemy-run/distilled,
// packages/cloudflare/patches/secrets-store. The statuses are recorded for too many stores only (alchemy-run/
// alchemy-async issue 377: 400); elsewhere they are what the API's others are, a best guess.
const (
	codeStoreInvalid = 1001 // what the request has, or is about
	codeStoreExceeds = 1003 // what there would be too many of
)

// secretStore is a store of Secrets Store.
type secretStore struct {
	ID       string                   `json:"id"`
	Name     string                   `json:"name"`
	Created  timestamp                `json:"created"`
	Modified timestamp                `json:"modified"`
	Secrets  map[string]*storedSecret `json:"secrets"` // by id
}

// storedSecret is a secret in a store.
type storedSecret struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Comment  *string   `json:"comment"` // nil: none was given
	Scopes   []string  `json:"scopes"`
	Value    string    `json:"value"`
	Created  timestamp `json:"created"`
	Modified timestamp `json:"modified"`
}

// secretScopes are the products that a secret can be for (cloudflare-go secrets_store.StoreSecretNewParamsBodyScope).
var secretScopes = []string{"workers", "ai_gateway", "dex", "access", "containers", "websearch"}

// workersScope is the scope of secrets that Workers can be bound to.
const workersScope = "workers"

// view is the store as the API shows it (cloudflare-go secrets_store.StoreGetResponse).
func (s *secretStore) view(accountID string) map[string]any {
	return map[string]any{
		"id": s.ID, "account_id": accountID, "name": s.Name, "created": s.Created, "modified": s.Modified,
	}
}

// secret returns the store's secret of that name, or nil.
func (s *secretStore) secret(name string) *storedSecret {
	for _, secret := range s.Secrets {
		if secret.Name == name {
			return secret
		}
	}
	return nil
}

// view is the secret as the API shows it (cloudflare-go secrets_store.StoreSecretGetResponse), never with its value.
func (s *storedSecret) view(storeID, status string) map[string]any {
	return map[string]any{
		"id": s.ID, "store_id": storeID, "name": s.Name, "comment": s.Comment, "scopes": s.Scopes, "status": status,
		"created": s.Created, "modified": s.Modified,
	}
}

// The states of a secret. Cloudflare answers a creation with pending (the example in its API description); that the
// secret is active in the next answer is how everything is here.
const (
	statusPending = "pending"
	statusActive  = "active"
)

// listStores answers GET /accounts/{account}/secrets_store/stores (cloudflare-go secrets_store.StoreListParams).
func listStores(c *call) (any, error) {
	all := sorted(c.account.Stores)
	if err := ordered(c, all, compareStores); err != nil {
		return nil, err
	}
	views := make([]any, 0, len(all))
	for _, s := range all {
		views = append(views, s.view(c.account.ID))
	}
	return paged(c.r, views, 20), nil
}

// compareStores orders stores by a member, which a store may not have.
func compareStores(by string, a, b *secretStore) int {
	switch by {
	case "name":
		return strings.Compare(a.Name, b.Name)
	case "modified":
		return a.Modified.compare(b.Modified)
	}
	return a.Created.compare(b.Created)
}

func (t timestamp) compare(other timestamp) int { return time.Time(t).Compare(time.Time(other)) }

// createStore answers POST /accounts/{account}/secrets_store/stores, whose body is an object (alchemy-run/alchemy pull
// request 131: an array is invalid_json_body).
func createStore(c *call) (any, error) {
	var want struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(c.body, &want) != nil {
		return nil, refuse(http.StatusBadRequest, codeStoreInvalid, "invalid_json_body")
	}
	if want.Name == "" {
		return nil, refuse(http.StatusBadRequest, codeStoreInvalid, "store_name_empty") // the words are ours
	}
	if len(c.account.Stores) >= maxStores {
		return nil, refuse(http.StatusBadRequest, codeStoreExceeds, "maximum_stores_exceeded")
	}
	s := &secretStore{
		ID: newID(), Name: want.Name, Created: c.now(), Modified: c.now(), Secrets: map[string]*storedSecret{},
	}
	if c.account.Stores == nil { // a state that was kept before there were any
		c.account.Stores = map[string]*secretStore{}
	}
	c.account.Stores[s.ID] = s
	return s.view(c.account.ID), nil
}

// store returns the store that the path names.
func (c *call) store() (*secretStore, error) {
	if s := c.account.Stores[c.path("store")]; s != nil {
		return s, nil
	}
	return nil, refuse(http.StatusNotFound, codeStoreInvalid, "store_not_found")
}

// getStore answers GET …/stores/{store}.
func getStore(c *call) (any, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	return s.view(c.account.ID), nil
}

// deleteStore answers DELETE …/stores/{store}. A store that holds secrets is deleted by force only: the comment on
// cloudflare-go secrets_store.StoreService.Delete, which has the status and the word; the code is ours.
func deleteStore(c *call) (any, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	if len(s.Secrets) > 0 && c.query("force") != "true" {
		return nil, refuse(http.StatusConflict, codeStoreInvalid, "store_not_empty")
	}
	delete(c.account.Stores, s.ID)
	return nil, nil
}

// listStoredSecrets answers GET …/stores/{store}/secrets (cloudflare-go secrets_store.StoreSecretListParams). Without
// an order it is that of creation, a best guess.
func listStoredSecrets(c *call) (any, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	scopes, search := c.r.URL.Query()["scopes"], c.query("search")
	all := []*storedSecret{}
	for _, secret := range sorted(s.Secrets) {
		scoped := len(scopes) == 0 || slices.ContainsFunc(secret.Scopes, func(scope string) bool {
			return slices.Contains(scopes, scope)
		})
		if scoped && (strings.Contains(secret.Name, search) || strings.Contains(secret.comment(), search)) {
			all = append(all, secret)
		}
	}
	if err := ordered(c, all, compareStored); err != nil {
		return nil, err
	}
	views := make([]any, 0, len(all))
	for _, secret := range all {
		views = append(views, secret.view(s.ID, statusActive))
	}
	return paged(c.r, views, 20), nil
}

// compareStored orders secrets by a member; all have the same status.
func compareStored(by string, a, b *storedSecret) int {
	order := 0
	switch by {
	case "name", "status":
	case "comment":
		order = strings.Compare(a.comment(), b.comment())
	case "modified":
		order = a.Modified.compare(b.Modified)
	default:
		order = a.Created.compare(b.Created)
	}
	return cmp.Or(order, strings.Compare(a.Name, b.Name))
}

func (s *storedSecret) comment() string {
	if s.Comment == nil {
		return ""
	}
	return *s.Comment
}

// ordered sorts a list as the parameters order and direction say. What they cannot be is refused in our words.
func ordered[T any](c *call, all []T, compare func(by string, a, b T) int) error {
	by, direction := c.query("order"), c.query("direction")
	if !slices.Contains([]string{"", "name", "comment", "created", "modified", "status"}, by) ||
		!slices.Contains([]string{"", "asc", "desc"}, direction) {
		return refuse(http.StatusBadRequest, codeStoreInvalid, "invalid_query")
	}
	slices.SortStableFunc(all, func(a, b T) int {
		if direction == "desc" {
			a, b = b, a
		}
		return compare(by, a, b)
	})
	return nil
}

// createStoredSecrets answers POST …/stores/{store}/secrets, whose body is an array. If one of the secrets is refused,
// none is made: a best guess.
func createStoredSecrets(c *call) (any, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	var want []struct {
		Name    string   `json:"name"`
		Value   string   `json:"value"`
		Scopes  []string `json:"scopes"`
		Comment *string  `json:"comment"`
	}
	if json.Unmarshal(c.body, &want) != nil || len(want) == 0 {
		return nil, refuse(http.StatusBadRequest, codeStoreInvalid, "invalid_json_body")
	}
	made, views := map[string]*storedSecret{}, make([]any, 0, len(want))
	for _, w := range want {
		secret := &storedSecret{
			ID: newID(), Name: w.Name, Comment: w.Comment, Scopes: w.Scopes, Value: w.Value,
			Created: c.now(), Modified: c.now(),
		}
		if err := c.checkStored(s, secret); err != nil {
			return nil, err
		}
		for _, other := range made {
			if other.Name == w.Name {
				return nil, nameTaken(w.Name)
			}
		}
		made[secret.ID] = secret
		views = append(views, secret.view(s.ID, statusPending))
	}
	if c.storedSecrets()+len(made) > maxStoredSecrets {
		return nil, tooManyStored()
	}
	maps.Copy(s.Secrets, made)
	return views, nil
}

// storedSecrets counts the secrets in all stores of the account.
func (c *call) storedSecrets() int {
	n := 0
	for _, s := range c.account.Stores {
		n += len(s.Secrets)
	}
	return n
}

// checkStored refuses a secret that a store does not take. The words for a name with other characters and for a value
// are ours; the rules are wrangler's (workers-sdk, packages/wrangler/src/secrets-store/commands.ts) and that of the
// documentation.
func (c *call) checkStored(s *secretStore, secret *storedSecret) error {
	problem := ""
	switch {
	case secret.Name == "":
		problem = "secret_name_empty"
	case !validSecretName(secret.Name):
		problem = "secret_name_invalid"
	case secret.Value == "":
		problem = "secret_value_empty"
	case len(secret.Value) > maxStoredValue:
		problem = "secret_value_too_long"
	}
	if problem != "" {
		return refuse(http.StatusBadRequest, codeStoreInvalid, "%s", problem)
	}
	if err := checkScopes(secret.Scopes); err != nil {
		return err
	}
	if s.secret(secret.Name) != nil {
		return nameTaken(secret.Name)
	}
	return nil
}

// nameTaken is the refusal of a name that a secret of the store has. The text, with the name, is that of
// outputs of wrangler that others quote.
func nameTaken(name string) error {
	return refuse(http.StatusBadRequest, codeStoreExceeds, "secret_name_already_exists: %s", name)
}

// tooManyStored is the refusal of a secret too many. The words are ours, in the manner of maximum_stores_exceeded.
func tooManyStored() error {
	return refuse(http.StatusBadRequest, codeStoreExceeds, "maximum_secrets_exceeded")
}

func validSecretName(name string) bool {
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func checkScopes(scopes []string) error {
	if len(scopes) == 0 {
		return refuse(http.StatusBadRequest, codeStoreInvalid, "secret_scopes_empty")
	}
	for _, scope := range scopes {
		if !slices.Contains(secretScopes, scope) {
			return refuse(http.StatusBadRequest, codeStoreInvalid, "secret_scope_invalid")
		}
	}
	return nil
}

// stored returns the store and the secret that the path names.
func (c *call) stored() (*secretStore, *storedSecret, error) {
	s, err := c.store()
	if err != nil {
		return nil, nil, err
	}
	if secret := s.Secrets[c.path("secret")]; secret != nil {
		return s, secret, nil
	}
	return nil, nil, refuse(http.StatusNotFound, codeStoreInvalid, "secret_not_found")
}

// getStoredSecret answers GET …/stores/{store}/secrets/{secret}.
func getStoredSecret(c *call) (any, error) {
	s, secret, err := c.stored()
	if err != nil {
		return nil, err
	}
	return secret.view(s.ID, statusActive), nil
}

// patchStoredSecret answers PATCH …/stores/{store}/secrets/{secret}: what is not sent stays. The name cannot be changed
// (cloudflare-go secrets_store.StoreSecretEditParams).
func patchStoredSecret(c *call) (any, error) {
	s, secret, err := c.stored()
	if err != nil {
		return nil, err
	}
	var want struct {
		Value   *string   `json:"value"`
		Scopes  *[]string `json:"scopes"`
		Comment *string   `json:"comment"`
	}
	if json.Unmarshal(c.body, &want) != nil {
		return nil, refuse(http.StatusBadRequest, codeStoreInvalid, "invalid_json_body")
	}
	changed := *secret
	if want.Value != nil {
		changed.Value = *want.Value
	}
	if want.Scopes != nil {
		changed.Scopes = *want.Scopes
	}
	if want.Comment != nil {
		changed.Comment = want.Comment
	}
	others := &secretStore{} // its own name is not taken
	if err := c.checkStored(others, &changed); err != nil {
		return nil, err
	}
	changed.Modified = c.now()
	s.Secrets[secret.ID] = &changed
	return changed.view(s.ID, statusActive), nil
}

// deleteStoredSecret answers DELETE …/stores/{store}/secrets/{secret}. That Workers are bound to it does not matter
// (developers.cloudflare.com/secrets-store/manage-secrets/how-to: "make sure it is not deployed").
func deleteStoredSecret(c *call) (any, error) {
	s, secret, err := c.stored()
	if err != nil {
		return nil, err
	}
	delete(s.Secrets, secret.ID)
	return nil, nil
}

// duplicateStoredSecret answers POST …/stores/{store}/secrets/{secret}/duplicate: a secret of the same value
// (cloudflare-go secrets_store.StoreSecretDuplicateParams).
func duplicateStoredSecret(c *call) (any, error) {
	s, secret, err := c.stored()
	if err != nil {
		return nil, err
	}
	var want struct {
		Name    string   `json:"name"`
		Scopes  []string `json:"scopes"`
		Comment *string  `json:"comment"`
	}
	if json.Unmarshal(c.body, &want) != nil {
		return nil, refuse(http.StatusBadRequest, codeStoreInvalid, "invalid_json_body")
	}
	double := &storedSecret{
		ID: newID(), Name: want.Name, Comment: want.Comment, Scopes: want.Scopes, Value: secret.Value,
		Created: c.now(), Modified: c.now(),
	}
	if err := c.checkStored(s, double); err != nil {
		return nil, err
	}
	if c.storedSecrets() >= maxStoredSecrets {
		return nil, tooManyStored()
	}
	s.Secrets[double.ID] = double
	return double.view(s.ID, statusPending), nil
}

// getStoreQuota answers GET /accounts/{account}/secrets_store/quota (cloudflare-go secrets_store.QuotaGetResponse).
func getStoreQuota(c *call) (any, error) {
	return map[string]any{"secrets": map[string]any{"quota": maxStoredSecrets, "usage": c.storedSecrets()}}, nil
}

// checkStoreBinding refuses a binding to a secret that is not there, or not for Workers. The text of the second:
// workers-sdk issue 14431.
func (c *call) checkStoreBinding(b binding) error {
	var secret *storedSecret
	if s := c.account.Stores[b.text("store_id")]; s != nil {
		secret = s.secret(b.text("secret_name"))
	}
	switch {
	case secret == nil:
		return refuse(http.StatusBadRequest, 10182, "secret '%s' not found", b.text("secret_name"))
	case !slices.Contains(secret.Scopes, workersScope):
		return invalid("Secrets store binding authorization failed. Check your permissions and secret scopes.")
	}
	return nil
}

// storedValue returns the value of a secret for the Workers that are bound to it. One that lost the scope of Workers is
// not there for them: a best guess.
func (s *Server) storedValue(accountID, storeID, name string) (value string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.Accounts[accountID]
	if a == nil || a.Stores[storeID] == nil {
		return "", false
	}
	secret := a.Stores[storeID].secret(name)
	if secret == nil || !slices.Contains(secret.Scopes, workersScope) {
		return "", false
	}
	return secret.Value, true
}

// dumpStores writes the stores with their secrets.
func (a *account) dumpStores(w io.Writer) {
	for _, s := range a.Stores {
		fmt.Fprintf(w, "  store %q\n", s.Name) // there is one at most
		dumpSorted(w, s.Secrets, func(secret *storedSecret) string {
			return fmt.Sprintf("    secret %s %s comment %q %s %s", secret.Name, secret.Scopes, secret.comment(), statusActive,
				fingerprint([]byte(secret.Value)))
		})
	}
}

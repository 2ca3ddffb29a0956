// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// share is a version's part of the traffic.
type share struct {
	VersionID  string  `json:"version_id"`
	Percentage float64 `json:"percentage"`
}

// deployment says which versions serve, in the shape of the API (cloudflare-go workers.Deployment).
type deployment struct {
	ID          string            `json:"id"`
	Source      string            `json:"source"`
	Strategy    string            `json:"strategy"`
	AuthorEmail string            `json:"author_email"`
	Created     timestamp         `json:"created_on"`
	Annotations map[string]string `json:"annotations"`
	Versions    []*share          `json:"versions"`
}

// deploy puts the versions into service.
func (c *call) deploy(w *worker, shares []*share, annotations map[string]string) *deployment {
	d := &deployment{
		ID: newUUID(), Source: source(c.r), Strategy: "percentage", AuthorEmail: userEmail, Created: c.now(),
		Annotations: annotations, Versions: shares,
	}
	w.Deployments = append(w.Deployments, d)
	w.LastDeployedFrom, w.Modified, w.CodeUpdate = d.Source, d.Created, nil
	return d
}

// deploymentNotes are the annotations of the deployment that an upload or a change of secrets makes by itself.
func deploymentNotes(v *version) map[string]string {
	annotations := map[string]string{"workers/triggered_by": cmp.Or(v.Annotations["workers/triggered_by"], "upload")}
	if text := v.Annotations["workers/message"]; text != "" {
		annotations["workers/message"] = text
	}
	return annotations
}

// listDeployments answers GET …/scripts/{script}/deployments, newest first; the first one serves (cloudflare-go
// workers.ScriptDeploymentListResponse).
func listDeployments(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	deployments := slices.Clone(w.Deployments)
	slices.Reverse(deployments)
	if deployments == nil {
		deployments = []*deployment{}
	}
	return map[string]any{"deployments": deployments}, nil
}

// getDeployment answers GET …/scripts/{script}/deployments/{deployment}. Code 10336: alchemy-run/distilled,
// patches/workers/getScriptDeployment.json.
func getDeployment(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	for _, d := range w.Deployments {
		if d.ID == c.path("deployment") {
			return d, nil
		}
	}
	return nil, refuse(http.StatusNotFound, 10336, "The requested deployment could not be found.")
}

// createDeployment answers POST …/scripts/{script}/deployments[?force=true]: at most two versions, out of the newest
// hundred, whose percentages add up to 100 (developers.cloudflare.com/workers/configuration/versions-and-deployments).
func createDeployment(c *call) (any, error) {
	w, err := c.worker()
	if err != nil {
		return nil, err
	}
	var want struct {
		Strategy    string            `json:"strategy"`
		Versions    []*share          `json:"versions"`
		Annotations map[string]string `json:"annotations"`
		CodeUpdate  json.RawMessage   `json:"code_update_strategy"`
	}
	if err := c.decode(&want, 10026); err != nil {
		return nil, err
	}
	if want.Strategy != "percentage" {
		return nil, invalid("strategy must be \"percentage\"")
	}
	if err := checkAnnotations(want.Annotations); err != nil {
		return nil, err
	}
	codeUpdate, err := readCodeUpdate(want.CodeUpdate)
	if err != nil {
		return nil, err
	}
	if err := w.checkShares(want.Versions); err != nil {
		return nil, err
	}
	if changed := w.changedSecrets(want.Versions); len(changed) > 0 && c.query("force") != "true" {
		// workers-sdk, packages/wrangler/src/versions/rollback/index.ts parses the names out of this text.
		return nil, refuse(http.StatusBadRequest, 10220, "The version you are deploying has different secrets than the "+
			"current deployment. The following secrets have changed: %s", strings.Join(changed, ", "))
	}
	objects, err := c.reconcileDeployment(w, want.Versions)
	if err != nil {
		return nil, err
	}
	if objects != nil {
		c.settle(w, objects)
	}
	annotations := map[string]string{"workers/triggered_by": "deployment"}
	if text := want.Annotations["workers/message"]; text != "" {
		annotations["workers/message"] = text
	}
	d := c.deploy(w, want.Versions, annotations)
	w.CodeUpdate = codeUpdate
	return d, nil
}

// checkShares refuses a split that cannot be deployed.
func (w *worker) checkShares(shares []*share) error {
	if len(shares) == 0 || len(shares) > 2 {
		return invalid("a deployment has one or two versions, not %d", len(shares))
	}
	sum := 0.0
	deployable := w.Versions[max(0, len(w.Versions)-deployableVersions):]
	for i, s := range shares {
		if s.Percentage < 0 || s.Percentage > 100 {
			return invalid("percentage of version %s must be between 0 and 100", s.VersionID)
		}
		if i > 0 && s.VersionID == shares[0].VersionID {
			return invalid("version %s is given twice", s.VersionID)
		}
		if w.version(s.VersionID) == nil {
			return refuse(http.StatusNotFound, 100146, "The requested version could not be found.")
		}
		if err := w.checkMigrated(w.version(s.VersionID)); err != nil {
			return err
		}
		if !slices.ContainsFunc(deployable, func(v *version) bool { return v.ID == s.VersionID }) {
			return invalid("version %s is not among the %d most recent ones", s.VersionID, deployableVersions)
		}
		sum += s.Percentage
	}
	if sum != 100 {
		return invalid("percentages must add up to 100, not %s", fmt.Sprint(sum))
	}
	return nil
}

// changedSecrets names the secrets that differ between the version in service and one that is older than it: going back
// would silently undo a change of theirs.
func (w *worker) changedSecrets(shares []*share) []string {
	now := w.deployed()
	if now == nil {
		return nil
	}
	current := w.active()
	var changed []string
	for _, s := range shares {
		next := w.version(s.VersionID)
		deployed := slices.ContainsFunc(now.Versions, func(d *share) bool { return d.VersionID == s.VersionID })
		if deployed || current == nil || next.Number >= current.Number {
			continue
		}
		for name, value := range current.secrets() {
			if old, had := next.secrets()[name]; had && old != value {
				changed = append(changed, name)
			}
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

// secrets returns a fingerprint of each secret of the version, by name.
func (v *version) secrets() map[string]string {
	secrets := map[string]string{}
	for _, b := range v.Bindings {
		if b.isSecret() {
			secrets[b.name()] = digestOf(bytes.Join([][]byte{b["text"], b["key_base64"], b["key_jwk"]}, []byte{0}))
		}
	}
	return secrets
}

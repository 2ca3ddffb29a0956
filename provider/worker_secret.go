// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/cfapi"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/seal"
)

const (
	// maxSecretEdits is how many changes of secrets alone are made before the
	// version that they led to is looked up. Cloudflare lists the last ten
	// deployments, and the one that they began with must be among them.
	maxSecretEdits = 8

	// maxPatchedSecrets is how many secrets one request changes
	// (https://developers.cloudflare.com/changelog/post/2026-06-03-bulk-secrets-api/).
	maxPatchedSecrets = 100
)

// Codes of a change of secrets alone that Cloudflare refuses because the latest
// version is not the one that serves (workers-sdk, packages/wrangler/src/secret/index.ts).
const (
	codeLatestNotDeployed      = 10215
	codeLatestNotDeployedBatch = 10214

	codeNameInUse = 10053 // by a binding that is no secret
)

// secretChanges are the names of the secrets that differ, and whether each is to
// be there. Those that others set are among them only if they are to go.
func secretChanges(seen CloudflareWorkerState, want CloudflareWorkerArgs) map[string]bool {
	changes := map[string]bool{}
	for name, fingerprint := range want.Secrets {
		if !seen.holds(name, fingerprint) {
			changes[name] = true
		}
	}
	for _, name := range removedSecrets(seen, want) {
		changes[name] = false
	}
	return changes
}

// holds reports whether the Worker is known to have the secret that the fingerprint is of.
func (s CloudflareWorkerState) holds(name, fingerprint string) bool {
	has, there := s.Secrets[name]
	// What was changed elsewhere is given back by ignoreChanges, which wants it so.
	return there && (isChangedElsewhere(fingerprint) || seal.Equal(has, fingerprint))
}

// removedSecrets are the names of the secrets that have to go. One that is required
// stays: it was handed over to others.
func removedSecrets(seen CloudflareWorkerState, want CloudflareWorkerArgs) []string {
	names := slices.Collect(maps.Keys(seen.Secrets))
	names = slices.AppendSeq(names, maps.Keys(seen.secretKeys()))
	if want.policy() == RemoveUnmanaged {
		names = append(names, seen.UnmanagedNames...)
	}
	return unmanaged(names, want)
}

// planSecretNames lists the call that finds out which secrets others have set,
// where it matters: before a version is made, and only if the program says
// something about them, has new names that may be theirs, or takes the Worker over.
// exists tells whether there is one.
func planSecretNames(seen CloudflareWorkerState, want CloudflareWorkerArgs, deploys, exists bool) []step {
	takesOver := exists && seen.VersionID == ""
	says := len(required(want)) > 0 || want.policy() == RefuseUnmanaged
	changed := !sameFlags(seen.RequiredSecrets, want.RequiredSecrets) ||
		want.policy() == RefuseUnmanaged && (seen.policy() != want.policy() ||
			len(unmanaged(seen.UnmanagedNames, want)) > 0)
	loses := exists && want.assetsOnly() && !seen.assetsOnly()
	if takesOver || loses || says && (deploys || changed) || claimsNames(seen, want) {
		return []step{checkSecretNames{exists}}
	}
	return nil
}

// claimsNames reports whether variables or bindings are to have names that none had.
func claimsNames(seen CloudflareWorkerState, want CloudflareWorkerArgs) bool {
	if seen.VersionID == "" || want.policy() == RemoveUnmanaged {
		return false
	}
	variables, bindings := slices.Collect(maps.Keys(want.Variables)), slices.Collect(maps.Keys(want.Bindings))
	for _, name := range slices.Concat(variables, bindings) {
		_, variable := seen.Variables[name]
		_, binding := seen.Bindings[name]
		if want.setsSecret(name) { // it takes the place of any other
			continue
		}
		if _, secret := seen.Secrets[name]; !variable && !binding && !secret {
			return true
		}
	}
	return false
}

// required are the secrets that must be there although the program does not set them.
func required(want CloudflareWorkerArgs) (names []string) {
	for _, name := range want.RequiredSecrets {
		if _, own := want.Secrets[name]; !own {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unmanaged are those of the names that the program says nothing about.
func unmanaged(names []string, want CloudflareWorkerArgs) []string {
	others := []string{}
	for _, name := range names {
		if !want.setsSecret(name) && !slices.Contains(want.RequiredSecrets, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}

type (
	// checkSecretNames finds out which secrets there are.
	checkSecretNames struct{ exists bool }
	// findVersion finds out which version the changes of secrets alone have led to.
	findVersion struct{}
	// patchSecrets changes secrets and nothing else.
	patchSecrets struct{ changes map[string]bool }
)

func (checkSecretNames) String() string { return "look which secrets there are" }
func (findVersion) String() string      { return "look which version the last change of secrets made" }

func (s patchSecrets) String() string {
	return "change secrets: " + strings.Join(slices.Sorted(maps.Keys(s.changes)), ", ")
}

func (s checkSecretNames) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	var names []string
	if s.exists {
		var err error
		names, err = d.api.Secrets(ctx, d.account, d.script)
		if err != nil && !errors.Is(err, cfapi.ErrNotFound) { // as after a create whose answer was lost
			return err
		}
	}
	var missing []string
	for _, name := range required(d.want) {
		if !slices.Contains(names, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return &missingSecretsError{script: d.script, names: missing}
	}
	var others []string // than those that we set, and than those that we knew to be ours
	for _, name := range names {
		if !facts.setsSecret(name) {
			others = append(others, name)
		}
	}
	others = unmanaged(others, d.want)
	if err := tolerable(others, d.script, d.want); err != nil {
		return err
	}
	warnOfUnmanaged(ctx, d.script, others, *facts, d.want.policy())
	facts.UnmanagedNames = others
	facts.RequiredSecrets, facts.UnmanagedSecrets = d.want.RequiredSecrets, d.want.UnmanagedSecrets
	return nil
}

// tolerable refuses secrets that others set if the program does not want any, and
// variables and bindings in their place.
func tolerable(names []string, script string, want CloudflareWorkerArgs) error {
	others := unmanaged(names, want)
	if want.policy() == RefuseUnmanaged && len(others) > 0 {
		return &unmanagedSecretsError{script: script, names: others}
	}
	if want.policy() == RemoveUnmanaged {
		return nil
	}
	if want.assetsOnly() && len(others) > 0 {
		return &lostSecretsError{script: script, names: others}
	}
	for _, name := range others {
		if _, variable := want.Variables[name]; variable {
			return &replacedSecretError{property: "variables", name: name}
		}
		if _, binding := want.Bindings[name]; binding {
			return &replacedSecretError{property: "bindings", name: name}
		}
	}
	return nil
}

// warnOfUnmanaged reports secrets that others set, once: when they are first seen.
func warnOfUnmanaged(
	ctx context.Context, script string, names []string, seen CloudflareWorkerState, policy UnmanagedSecrets,
) {
	if policy == RemoveUnmanaged || policy == RefuseUnmanaged {
		return // the preview or the error says it
	}
	var news []string
	for _, name := range names {
		if !slices.Contains(seen.UnmanagedNames, name) {
			news = append(news, name)
		}
	}
	if len(news) > 0 {
		p.GetLogger(ctx).Warning(fmt.Sprintf("Worker %q has secrets that this program does not set: %s. They are kept. "+
			"Name them in requiredSecrets, or set unmanagedSecrets to \"remove\" or \"error\".",
			script, strings.Join(news, ", ")))
	}
}

func (findVersion) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	deployments, err := d.api.Deployments(ctx, d.account, d.script)
	if err != nil {
		return err
	}
	facts.findEdits(deployments)
	return nil
}

// findEdits records the version to which changes of secrets alone have led. If
// others have changed secrets since, what was set so may not be in any version
// that we know, and has to be sent again: no fingerprint is that of what is there.
func (s *CloudflareWorkerState) findEdits(deployments []cfapi.Deployment) {
	if s.SecretEdits == 0 {
		return
	}
	at, found := s.derived(deployments)
	version := ""
	if found {
		version = deployments[at].Split[0].VersionID
	}
	for name, status := range s.SecretStatus {
		switch {
		case status.Alone && found:
			s.SecretStatus[name] = SecretStatus{SetAt: status.SetAt, VersionID: version}
		case status.Alone:
			s.Secrets[name] = ""
			delete(s.SecretStatus, name)
		}
	}
	s.SecretEdits = 0
	if found {
		s.VersionID, s.SecretsVersionID = version, version
		s.DeploymentID, s.Traffic = deployments[at].ID, map[string]float64{version: 100}
	}
}

// derived returns the place of the deployment to which changes of secrets alone have
// led. Each of them made one deployment of one new version, so that they can only be
// the next ones above ours. Above them others may have deployed, but not changed
// secrets: then it would not be known which of the changes are whose.
func (s CloudflareWorkerState) derived(deployments []cfapi.Deployment) (at int, ok bool) {
	for at := range deployments {
		switch {
		case s.derivedAt(deployments[at:], at > 0):
			return at, true
		case deployments[at].TriggeredBy == triggeredBySecret:
			return 0, false
		}
	}
	return 0, false
}

// derivedAt reports whether the newest deployments are our changes of secrets, and
// the one below them is ours. Certain is whether Cloudflare must say what made them.
func (s CloudflareWorkerState) derivedAt(deployments []cfapi.Deployment, certain bool) bool {
	sole := func(i int) string {
		if i < len(deployments) && len(deployments[i].Split) == 1 {
			return deployments[i].Split[0].VersionID
		}
		return ""
	}
	if s.SecretEdits == 0 || sole(s.SecretEdits) != s.VersionID {
		return false
	}
	for i := range s.SecretEdits {
		version := sole(i)
		if version == "" || version == s.VersionID || certain && deployments[i].TriggeredBy != triggeredBySecret {
			return false
		}
	}
	return true
}

func (s patchSecrets) run(ctx context.Context, d deployer, facts *CloudflareWorkerState) error {
	changes := secretChanges(*facts, d.want) // findVersion may have added to those of the plan
	values, err := d.patch(changes)
	if err != nil {
		return err
	}
	err = d.api.PatchSecrets(ctx, d.account, d.script, values)
	if hasCode(err, cfapi.APIWorkers, codeLatestNotDeployed, codeLatestNotDeployedBatch) {
		return d.patchInRollout(ctx, facts)
	}
	if hasCode(err, cfapi.APIWorkers, codeNameInUse) && d.want.keepsVariables() { // by a variable that was not known of
		return d.patchByVersion(ctx, facts)
	}
	if cfapi.LostResponse(err) {
		err = d.findPatch(ctx, *facts, err)
	}
	if err != nil {
		return err
	}
	facts.secretsSet(d.want, changes, SecretStatus{VersionID: facts.VersionID, Alone: true})
	facts.SecretEdits++
	return nil
}

// patchByVersion changes secrets in another version, where they take the names of variables that others set.
func (d deployer) patchByVersion(ctx context.Context, facts *CloudflareWorkerState) error {
	for _, s := range versionSteps(*facts, d.want) {
		if err := s.run(ctx, d, facts); err != nil {
			return err
		}
	}
	return nil
}

// findPatch settles a change of secrets that failed with cause: it was made if
// there is one deployment more than we know of.
func (d deployer) findPatch(ctx context.Context, facts CloudflareWorkerState, cause error) error {
	deployments, err := d.api.Deployments(ctx, d.account, d.script)
	if err != nil {
		return cause
	}
	facts.SecretEdits++
	if _, made := facts.derived(deployments); !made {
		return cause
	}
	return nil
}

// patch returns the changes with their values; nil removes a secret.
func (d deployer) patch(changes map[string]bool) (map[string]*string, error) {
	values := make(map[string]*string, len(changes))
	for name, set := range changes {
		values[name] = nil
		if set {
			value, err := d.secretValue(name)
			if err != nil {
				return nil, err
			}
			values[name] = &value
		}
	}
	return values, nil
}

// secretValue returns the value of a secret that has to be sent.
func (d deployer) secretValue(name string) (string, error) {
	value, ok := d.vault.value(d.want.Secrets[name])
	if !ok {
		return "", &noValueError{path: propertyPath([]string{"secrets", name})}
	}
	return value, nil
}

// patchInRollout changes secrets while the latest version is not the one that
// serves all requests: somebody else's rollout is in flight, or a version
// waits to be deployed. The versions that we can make anew with other secrets are
// the latest one, from which Cloudflare derives another, and ours, whose code is in
// the bundle. Each takes over the share of the one that it was made from, and no
// other share changes.
func (d deployer) patchInRollout(ctx context.Context, facts *CloudflareWorkerState) error {
	deployments, err := d.api.Deployments(ctx, d.account, d.script)
	if err != nil {
		return err
	}
	facts.findEdits(deployments)
	changes := secretChanges(*facts, d.want)
	values, err := d.patch(changes)
	if err != nil {
		return err
	}
	latest, err := d.api.LatestVersion(ctx, d.account, d.script)
	if err != nil {
		return err
	}
	var split []cfapi.Share
	if len(deployments) > 0 {
		split = deployments[0].Split
	}
	serves := func(version string) bool {
		return slices.ContainsFunc(split, func(share cfapi.Share) bool { return share.VersionID == version })
	}
	ours, successor := facts.VersionID, map[string]string{}
	if latest == ours || serves(latest) {
		message := "Changed secrets: " + strings.Join(slices.Sorted(maps.Keys(changes)), ", ")
		if successor[latest], err = d.api.PatchLatestVersion(ctx, d.account, d.script, values, message); err != nil {
			return err
		}
	}
	if latest != ours {
		made := facts.clone()
		if err := (createVersion{}).run(ctx, d, &made); err != nil {
			return err
		}
		*facts = made
		successor[ours] = made.VersionID
	} else {
		facts.VersionID, facts.SecretsVersionID = successor[ours], successor[ours]
	}
	facts.secretsSet(d.want, changes, SecretStatus{VersionID: facts.VersionID})
	return d.replaceVersions(ctx, split, successor, facts)
}

// replaceVersions deploys the split with successors in the place of versions that have one.
func (d deployer) replaceVersions(
	ctx context.Context, split []cfapi.Share, successor map[string]string, facts *CloudflareWorkerState,
) error {
	var next []cfapi.Share
	var left []string
	for _, share := range split {
		if version, ok := successor[share.VersionID]; ok {
			share.VersionID = version
		} else {
			left = append(left, fmt.Sprintf("%s (%g %%)", share.VersionID, share.Percent))
		}
		next = append(next, share)
	}
	facts.Traffic = traffic(next)
	if len(left) > 0 {
		p.GetLogger(ctx).Warning(fmt.Sprintf("versions of Worker %q that were deployed elsewhere keep the secrets they "+
			"have: %s. The next update gives all traffic to the version with the new ones.",
			d.script, strings.Join(left, ", ")))
	}
	if len(left) == len(split) {
		return nil
	}
	done, err := d.api.Deploy(ctx, d.account, d.script, next, "", d.want.CodeUpdateStrategy.toAPI())
	if err != nil {
		return err
	}
	facts.DeploymentID = done.ID
	return nil
}

func traffic(split []cfapi.Share) map[string]float64 {
	percent := make(map[string]float64, len(split))
	for _, share := range split {
		percent[share.VersionID] = share.Percent
	}
	return percent
}

// secretsSet records that the Worker has the wanted secrets, and of those that
// changed the status they have from now on.
func (s *CloudflareWorkerState) secretsSet(want CloudflareWorkerArgs, changes map[string]bool, since SecretStatus) {
	since.SetAt = time.Now().UTC().Format(time.RFC3339)
	status := copied(s.SecretStatus)
	for name, set := range changes {
		if set {
			status[name] = since
		}
	}
	maps.DeleteFunc(status, func(name string, _ SecretStatus) bool {
		_, wanted := want.Secrets[name]
		return !wanted
	})
	s.Secrets, s.SecretStatus = want.Secrets, status
	s.RequiredSecrets, s.UnmanagedSecrets = want.RequiredSecrets, want.UnmanagedSecrets
	s.UnmanagedNames = slices.DeleteFunc(unmanaged(s.UnmanagedNames, want), func(name string) bool {
		set, changed := changes[name]
		return changed && !set
	})
}

// missingSecretsError refuses a deployment for want of secrets that others should have set.
type missingSecretsError struct {
	script string
	names  []string
}

func (e *missingSecretsError) Error() string {
	return fmt.Sprintf("requiredSecrets: Worker %q does not have %s; nothing was deployed",
		e.script, strings.Join(e.names, ", "))
}

// unmanagedSecretsError refuses a deployment because of secrets that others have set.
type unmanagedSecretsError struct {
	script string
	names  []string
}

func (e *unmanagedSecretsError) Error() string {
	return fmt.Sprintf("unmanagedSecrets: Worker %q has secrets that this program does not set: %s; nothing was deployed",
		e.script, strings.Join(e.names, ", "))
}

// replacedSecretError refuses a variable or binding that would replace a secret.
type replacedSecretError struct{ property, name string }

func (e *replacedSecretError) Error() string {
	return propertyPath([]string{e.property, e.name}) +
		": others have set a secret of this name, which it would replace; nothing was deployed"
}

// seeSecrets records which secrets a version has that was not deployed from this
// state, before anything else of it is recorded. No value can be read; but a
// secret that is not there any more has been deleted, one that we did not set was
// added, and the others may have been changed, unless each change that somebody
// else made is accounted for by one that came or went; or if nothing else can have
// been the reason for the version. (What cannot be told: one request that adds or
// deletes a single secret and changes others with it.)
func (s *CloudflareWorkerState) seeSecrets(v cfapi.Version, deployments []cfapi.Deployment) {
	there := map[string]bool{}
	var others []string
	for _, b := range v.Bindings {
		if !isSecret(b) {
			continue
		}
		there[b.Name] = true
		if _, ours := s.Secrets[b.Name]; !ours && (b.Type != typeSecretKey || !s.ownsKey(b.Name)) {
			others = append(others, b.Name)
		}
	}
	explained, keys := 0, s.secretKeys()
	for name := range keys {
		if !there[name] {
			explained++
		}
	}
	for name := range s.Secrets {
		if !there[name] {
			explained++
		}
	}
	for _, name := range others {
		if !slices.Contains(s.UnmanagedNames, name) {
			explained++
		}
	}
	for _, name := range s.UnmanagedNames {
		if !there[name] {
			explained++
		}
	}
	by, changes, known := describeVersion(v), -s.SecretEdits, false
	for _, d := range deployments {
		known = slices.ContainsFunc(d.Split, func(share cfapi.Share) bool { return share.VersionID == s.VersionID })
		if known {
			break
		}
		if d.TriggeredBy == triggeredBySecret && len(d.Split) > 0 {
			if changes == -s.SecretEdits {
				by = "version " + d.Split[0].VersionID + ", " + describeDeployment(d)
			}
			changes++
		}
	}
	changed := changes > 0 && changes != explained || changes == 0 && s.describes(v)
	if s.SecretEdits > 0 && (!known || changes <= 0) {
		changed = true // our own changes are not where they should be
	}
	if s.SecretEdits > 0 && !changed {
		s.SecretsVersionID = v.ID
		for name, status := range s.SecretStatus {
			if status.Alone {
				s.SecretStatus[name] = SecretStatus{SetAt: status.SetAt, VersionID: v.ID}
			}
		}
	}
	mark := changedElsewhere(by)
	if len(there) > 1 || len(s.Secrets)+len(keys) > 1 {
		mark = perhaps + mark
	}
	secrets := map[string]string{}
	for name, fingerprint := range s.Secrets {
		switch {
		case there[name] && changed:
			secrets[name] = mark
		case there[name]:
			secrets[name] = fingerprint
		}
	}
	for name, key := range keys {
		if there[name] && changed {
			s.Bindings[name] = Binding{SecretKey: key.withMaterial(mark)}
		}
	}
	s.Secrets, s.SecretEdits = secrets, 0
	s.UnmanagedNames = unmanaged(others, s.CloudflareWorkerArgs)
	if s.policy() == RemoveUnmanaged { // the preview is to say by name what goes
		for _, name := range s.UnmanagedNames {
			s.Secrets[name] = changedElsewhere(by)
		}
		s.UnmanagedNames = []string{}
	}
}

// describes reports whether v is, secrets apart, what was seen last.
func (s *CloudflareWorkerState) describes(v cfapi.Version) bool {
	variables, bindings := fromAPI(v.Bindings, s.ScriptName)
	s.seeSecretKeys(bindings, "")
	variables, others := s.ownVariables(variables)
	if s.variablesChanged || !slices.Equal(others, s.UnmanagedVariableNames) {
		return false
	}
	return s.ETag != "" && s.ETag == v.ETag && sameMap(variables, s.Variables) &&
		sameMap(bindings, versionedBindings(s.Bindings)) &&
		s.Placement.toAPI() == v.Placement && s.Limits.toAPI() == v.Limits && s.CacheOptions.toAPI() == v.CacheOptions &&
		s.CompatibilityDate == v.CompatibilityDate && sameFlags(s.CompatibilityFlags, v.CompatibilityFlags)
}

// triggeredBySecret marks a deployment that a change of secrets made (wrangler,
// packages/wrangler/src/versions, formatTrigger).
const triggeredBySecret = "secret"

// SPDX-License-Identifier: Apache-2.0

// Package component composes the package's resources. It registers them by their tokens through Pulumi's SDK, as a
// program does, and calls nothing of ours: whatever a component can do, a program can.
package component

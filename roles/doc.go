// Package roles chooses where the rights of each entity come from: from its
// edges alone, from a policy file of the platform team, or from a role that
// exists already.
//
// [Find] reads the files that speak for a topology, [Files.Choose] says for each
// entity what holds in a [Mode]. The names of files and roles, and which goes
// before which, are tc's; a file that tc would pass over in silence is used
// here, or is an error.
package roles

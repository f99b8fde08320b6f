"""Forges: GitHub, GitLab and Gitea: merge requests, commit statuses and webhooks."""

"""Single sign-on with an OpenID provider."""

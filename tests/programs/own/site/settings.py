SECRET_KEY = "not one"
ROOT_URLCONF = "own.site.urls"
ALLOWED_HOSTS = ["*"]
DEBUG = True

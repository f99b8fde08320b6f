from django.http import HttpResponse
from django.urls import path

from own.web import told

urlpatterns = [path("", lambda request: HttpResponse(told()))]

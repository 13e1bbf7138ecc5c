"""The short addresses of links in messages. Each works at any host name that points to LAD."""

from django.urls import path

from campaigns.channels.email.receiving.public import views

urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("o/<str:token>.gif", views.picture, name="opening"),
    path("c/<str:token>", views.follow, name="click"),
]
